#pragma once
#include <QHash>
#include <QWidget>

class QAbstractButton;
class QVBoxLayout;

namespace fovea::ui {

class Theme;

// The vertical strip of tools: 44 wide, buttons 34 × 34, icon 18, the key small in the corner.
class ToolStrip : public QWidget {
    Q_OBJECT
  public:
    explicit ToolStrip(Theme& theme, QWidget* parent = nullptr);

    // A tool (checkable, exclusive) or, with `checkable` false, a command. `key` is drawn in the corner and told in the
    // tip.
    QAbstractButton* add(const QString& id, const QString& icon, const QString& text, const QString& key = {},
                         bool checkable = true);
    void addSeparator();
    void addStretch();
    void setCurrent(const QString& id);
    QString current() const { return current_; }
    QAbstractButton* button(const QString& id) const { return buttons_.value(id); }
    // Disables with a reason for the tip; an empty reason enables.
    void setReason(const QString& id, const QString& reason);

  Q_SIGNALS:
    void chosen(const QString& id);

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    class Button;
    Theme& theme_;
    QVBoxLayout* column_ = nullptr;
    QHash<QString, QAbstractButton*> buttons_;
    QString current_;
};

}  // namespace fovea::ui
