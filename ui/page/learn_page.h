#pragma once
#include <QTimer>
#include <QWidget>
#include <vector>

#include "base/job_queue.h"
#include "ui/edit/review_session.h"

class QGridLayout;
class QLabel;
class QPlainTextEdit;
class QPushButton;
class QVBoxLayout;

namespace fovea::ui {

class Plot;
class ProgressStrip;
class Theme;
class Workspace;

// Learn: what it learns from, the plan in plain words, one button, live curves, before and after.
class LearnPage : public QWidget {
    Q_OBJECT
  public:
    LearnPage(Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    void setReviewed(const ReviewProgress& progress);
    void setJobs(const std::vector<JobInfo>& jobs);
    void refresh();

  Q_SIGNALS:
    void goOnReviewing();

  private:
    QWidget* makeLeft();
    QWidget* makeCentre();
    QWidget* makeRight();
    void showSources();
    void showPlan();
    void showHead();
    void showScores();
    void readCurves();
    void log(const QString& line);

    Theme& theme_;
    Workspace& workspace_;
    ReviewProgress progress_;
    ProgressStrip* sources_ = nullptr;
    QGridLayout* sourceRows_ = nullptr;
    QVBoxLayout* plan_ = nullptr;
    QLabel *title_ = nullptr, *detail_ = nullptr;
    ProgressStrip* bar_ = nullptr;
    QPushButton *start_ = nullptr, *stop_ = nullptr, *review_ = nullptr;
    Plot *loss_ = nullptr, *tuning_ = nullptr;
    QGridLayout* scores_ = nullptr;
    QLabel* scoresNote_ = nullptr;
    QPlainTextEdit* log_ = nullptr;
    QTimer poll_;
};

}  // namespace fovea::ui
