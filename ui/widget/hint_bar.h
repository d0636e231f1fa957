#pragma once
#include <QStringList>
#include <QVector>
#include <QWidget>
#include <utility>

namespace fovea::ui {

class Theme;

// The status bar, 26 high: left what the mouse and keys do now (gesture bold, effect muted), right readings.
class HintBar : public QWidget {
    Q_OBJECT
  public:
    explicit HintBar(Theme& theme, QWidget* parent = nullptr);
    void setHints(QVector<std::pair<QString, QString>> hints);
    void setReadings(QStringList readings);  // "x 1.67 y 2.82 z 0.45 µm", "grey 143", "object 44"
    QSize sizeHint() const override;

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    Theme& theme_;
    QVector<std::pair<QString, QString>> hints_;
    QStringList readings_;
};

}  // namespace fovea::ui
