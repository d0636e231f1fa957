#include "ui/widget/labels.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QStyle>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/theme/theme.h"

namespace fovea::ui {

QLabel* makeLabel(const QString& text, const char* role, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    label->setProperty("role", QString::fromLatin1(role));
    label->setTextFormat(Qt::PlainText);
    return label;
}

QLabel* makeRichLabel(const QString& text, const char* role, QWidget* parent) {
    QLabel* label = makeLabel(text, role, parent);
    label->setTextFormat(Qt::RichText);
    return label;
}

QString counted(std::int64_t n, const QString& one, const QString& many) { return (n == 1 ? one : many).arg(n); }

QLabel* makeParagraph(const QString& text, const char* role, QWidget* parent) {
    QLabel* label = makeLabel(text, role, parent);
    label->setWordWrap(true);
    return label;
}

namespace {

void tintIcon(const Theme& theme, QPushButton* button) {
    const QString icon = button->property("iconName").toString(), kind = button->property("kind").toString();
    if (icon.isEmpty()) return;
    const Token token = kind == "primary" ? Token::OnAccent : kind == "ghost" ? Token::Muted : Token::Text;
    button->setIcon(theme.icon(icon, token, token));
}

}  // namespace

QPushButton* makeButton(Theme& theme, const QString& text, const char* kind, const QString& icon, QWidget* parent) {
    auto* button = new QPushButton(text, parent);
    button->setProperty("kind", QString::fromLatin1(kind));
    button->setCursor(Qt::PointingHandCursor);
    if (!icon.isEmpty()) {
        button->setProperty("iconName", icon);
        tintIcon(theme, button);
        QObject::connect(&theme, &Theme::changed, button, [&theme, button] { tintIcon(theme, button); });
        button->setIconSize({20, 16});
    }
    return button;
}

void setKind(const Theme& theme, QPushButton* button, const char* kind) {
    setLook(button, "kind", QString::fromLatin1(kind));
    tintIcon(theme, button);
}

QToolButton* makeIconButton(Theme& theme, const QString& icon, const QString& tip, QWidget* parent) {
    auto* button = new QToolButton(parent);
    theme.bindIcon(button, icon, Token::Muted, Token::Text);
    button->setIconSize({15, 15});
    button->setFixedSize(26, 26);
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    return button;
}

QFrame* makeLine(QWidget* parent) {
    auto* line = new QFrame(parent);
    line->setProperty("kind", QStringLiteral("line"));
    line->setFixedHeight(1);
    return line;
}

void setLook(QWidget* widget, const char* property, const QString& value) {
    if (widget->property(property).toString() == value) return;
    widget->setProperty(property, value);
    widget->style()->unpolish(widget);
    widget->style()->polish(widget);
    widget->update();
}

Card::Card(QWidget* parent, int padding) : QFrame(parent), column_(new QVBoxLayout(this)) {
    setProperty("kind", QStringLiteral("card"));
    column_->setContentsMargins(padding, padding, padding, padding);
    column_->setSpacing(8);
}

SectionHeader::SectionHeader(const QString& title, QWidget* parent) : QWidget(parent) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(12, 0, 8, 0);
    row->setSpacing(8);
    title_ = makeLabel(title, "section", this);
    count_ = makeLabel({}, "muted", this);
    row->addWidget(title_);
    row->addWidget(count_);
    row->addStretch(1);
    setMinimumHeight(34);
}

void SectionHeader::setTitle(const QString& title) { title_->setText(title); }
void SectionHeader::setCount(const QString& count) { count_->setText(count); }
void SectionHeader::addRight(QWidget* widget) { static_cast<QHBoxLayout*>(layout())->addWidget(widget); }

}  // namespace fovea::ui
