#pragma once
#include <QFrame>
#include <QLabel>
#include <cstdint>

class QPushButton;
class QToolButton;
class QVBoxLayout;

namespace fovea::ui {

class Theme;

// Small makers for what every panel needs; looks come from the style sheet's properties (theme/style_sheet.h).
QLabel* makeLabel(const QString& text, const char* role = "body", QWidget* parent = nullptr);
// As makeLabel(), for our own texts with <b> in them; never for text from files.
QLabel* makeRichLabel(const QString& text, const char* role = "body", QWidget* parent = nullptr);
// A label that breaks lines.
QLabel* makeParagraph(const QString& text, const char* role = "small", QWidget* parent = nullptr);
// kind: "primary", "plain", "ghost", "danger".
QPushButton* makeButton(Theme& theme, const QString& text, const char* kind = "plain", const QString& icon = {},
                        QWidget* parent = nullptr);
// Another kind for a button of makeButton(), its icon tinted to match.
void setKind(const Theme& theme, QPushButton* button, const char* kind);
QToolButton* makeIconButton(Theme& theme, const QString& icon, const QString& tip, QWidget* parent = nullptr);
// A 1 px separator.
QFrame* makeLine(QWidget* parent = nullptr);
// "1 volume", "3 volumes": `one` and `many` are translated already and hold %1.
QString counted(std::int64_t n, const QString& one, const QString& many);
// Re-evaluates the style sheet after a dynamic property was set.
void setLook(QWidget* widget, const char* property, const QString& value);

// A raised frame of radius 8 with padding 16; content() is its column.
class Card : public QFrame {
    Q_OBJECT
  public:
    explicit Card(QWidget* parent = nullptr, int padding = 16);
    QVBoxLayout* content() const { return column_; }

  private:
    QVBoxLayout* column_;
};

// The 34 px heading of a dock section: title, optional count, and room at the right for buttons.
class SectionHeader : public QWidget {
    Q_OBJECT
  public:
    explicit SectionHeader(const QString& title, QWidget* parent = nullptr);
    void setTitle(const QString& title);
    void setCount(const QString& count);  // muted, beside the title
    void addRight(QWidget* widget);

  private:
    QLabel *title_, *count_;
};

}  // namespace fovea::ui
