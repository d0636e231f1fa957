#pragma once
#include <QString>
#include <QVector>
#include <QWidget>

class QLabel;
class QPushButton;

namespace fovea::ui {

class Theme;

enum class StepState { Open, Partly, Done, OutOfDate, Failed };

struct FlowStep {
    QString title;
    QString detail;  // small second line
    StepState state = StepState::Open;
    friend bool operator==(const FlowStep&, const FlowStep&) = default;
};

// Images · Objects · Choose · Review · Learn · Export, each with its state, and at the right one sentence with the
// next-step button. 44 px high.
class FlowBar : public QWidget {
    Q_OBJECT
  public:
    explicit FlowBar(Theme& theme, QWidget* parent = nullptr);

    static QStringList stepTitles();
    int count() const { return int(steps_.size()); }
    const FlowStep& step(int index) const { return steps_[index]; }
    void setStep(int index, StepState state, const QString& detail);
    int current() const { return current_; }
    void setCurrent(int index);
    // An empty button text hides the button. `primary` fills it (at most one primary per region).
    void setNext(const QString& sentence, const QString& button, bool primary = false);
    QPushButton* nextButton() const { return next_; }

  Q_SIGNALS:
    void stepClicked(int index);
    void nextClicked();

  protected:
    void resizeEvent(QResizeEvent*) override;

  private:
    class StepButton;
    void showSteps();
    Theme& theme_;
    QVector<FlowStep> steps_;
    QVector<StepButton*> buttons_;
    int current_ = 0;
    QString fullSentence_;
    QLabel* sentence_ = nullptr;
    QPushButton* next_ = nullptr;
};

}  // namespace fovea::ui
