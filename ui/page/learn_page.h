#pragma once
#include <QTimer>
#include <QWidget>
#include <vector>

#include "base/job_queue.h"
#include "ui/edit/review_session.h"
#include "ui/edit/round_report.h"

class QBoxLayout;
class QFrame;
class QGridLayout;
class QLabel;
class QPlainTextEdit;
class QPushButton;
class QVBoxLayout;

namespace fovea::ui {

class BeforeAfter;
class HelpPanel;
class Plot;
class ProgressStrip;
class RoundsPanel;
class Theme;
class Workspace;

// Learn: what it learns from, the plan in plain words, one button, live curves, what the check says of each round and
// which one is in use.
class LearnPage : public QWidget {
    Q_OBJECT
  public:
    LearnPage(Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    // `caseId`: the image under review, empty when there is none.
    void setReviewed(const ReviewProgress& progress, const std::string& caseId);
    void setJobs(const std::vector<JobInfo>& jobs);
    void refresh();

  Q_SIGNALS:
    void goOnReviewing();

  private:
    QWidget* makeLeft();
    QWidget* makeCentre();
    QWidget* makeRight();
    void resizeEvent(QResizeEvent* event) override;
    void fit();
    void showSources();
    void showPlan();
    void showHead();
    void showReport();
    void showFinished();
    bool newVerdicts() const;
    void readCurves();
    void log(const QString& line);

    Theme& theme_;
    Workspace& workspace_;
    ReviewProgress progress_;
    std::string caseId_;
    QFrame *left_ = nullptr, *right_ = nullptr;
    QBoxLayout* head_ = nullptr;  // the texts and what can be done, beside or below them
    ProgressStrip* sources_ = nullptr;
    QGridLayout* sourceRows_ = nullptr;
    QVBoxLayout* plan_ = nullptr;
    QLabel *title_ = nullptr, *detail_ = nullptr;
    ProgressStrip* bar_ = nullptr;
    QPushButton *start_ = nullptr, *stop_ = nullptr, *review_ = nullptr, *use_ = nullptr, *check_ = nullptr;
    Plot *loss_ = nullptr, *tuning_ = nullptr;
    RoundReport report_;
    HelpPanel* help_ = nullptr;
    RoundsPanel* rounds_ = nullptr;
    BeforeAfter* pictures_ = nullptr;
    std::optional<std::filesystem::path> curveFile_;  // of the training that runs
    QPlainTextEdit* log_ = nullptr;
    QTimer poll_;
};

}  // namespace fovea::ui
