#pragma once
#include <QAbstractButton>
#include <QStringList>
#include <QTimer>
#include <QWidget>

#include "ui/theme/tokens.h"

class QButtonGroup;
class QLabel;
class QSlider;

namespace fovea::ui {

class Theme;

// Label, slider, value with unit on one line.
class SliderRow : public QWidget {
    Q_OBJECT
  public:
    // Steps of 10^-decimals; `suffix` such as " %" or " px". `logarithmic` spreads small values (gamma, sizes); low > 0
    // then.
    SliderRow(Theme& theme, const QString& label, double low, double high, double value, int decimals,
              const QString& suffix, bool logarithmic = false, QWidget* parent = nullptr);
    double value() const { return value_; }
    void setValue(double value);  // no signal
    QSlider* slider() const { return slider_; }

  Q_SIGNALS:
    void valueChanged(double value);  // by the person

  private:
    void show(double value);
    double low_, high_, value_;
    int decimals_;
    QString suffix_;
    bool logarithmic_;
    QSlider* slider_;
    QLabel* text_;
};

// An on/off switch, 26 × 15.
class Toggle : public QAbstractButton {
    Q_OBJECT
  public:
    explicit Toggle(Theme& theme, QWidget* parent = nullptr);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    Theme& theme_;
};

// A switch with a bold line and a muted one.
class ToggleRow : public QWidget {
    Q_OBJECT
  public:
    ToggleRow(Theme& theme, const QString& title, const QString& detail, QWidget* parent = nullptr);
    bool isChecked() const;
    void setChecked(bool checked);  // no signal
    Toggle* toggle() const { return toggle_; }

  Q_SIGNALS:
    void toggled(bool checked);

  private:
    Toggle* toggle_;
};

// One of a few, side by side. Arrow keys move.
class SegmentedControl : public QWidget {
    Q_OBJECT
  public:
    SegmentedControl(Theme& theme, const QStringList& items, QWidget* parent = nullptr);
    int current() const;
    void setCurrent(int index);  // no signal

  Q_SIGNALS:
    void chosen(int index);

  private:
    QButtonGroup* group_;
};

// A verdict: icon and word over its key, 50 high. kind "primary" is filled; `tone` colours icon and word.
class VerdictButton : public QAbstractButton {
    Q_OBJECT
  public:
    VerdictButton(Theme& theme, const QString& text, const QString& icon, const QString& key, const char* tone,
                  bool primary,
                  QWidget* parent = nullptr);  // tone: "text", "ok", "warn", "bad"
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
    // Lights up for a moment: the verdict was given, by key or by click.
    void flash();

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    Token ink() const;

    Theme& theme_;
    QString icon_, key_, tone_;
    bool primary_;
    QTimer flash_;
};

}  // namespace fovea::ui
