#include "ui/widget/tool_strip.h"

#include <QAbstractButton>
#include <QPainter>
#include <QVBoxLayout>

#include "ui/theme/theme.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

class ToolStrip::Button : public QAbstractButton {
  public:
    Button(Theme& theme, const QString& icon, const QString& text, const QString& key, QWidget* parent)
        : QAbstractButton(parent),
          theme_(theme),
          icon_(icon),
          key_(key),
          tip_(key.isEmpty() ? text : QStringLiteral("%1  (%2)").arg(text, key)) {
        setFixedSize(34, 34);
        setAccessibleName(text);
        setToolTip(tip_);
        setAttribute(Qt::WA_Hover);
        setFocusPolicy(Qt::TabFocus);
        connect(&theme_, &Theme::changed, this, [this] { update(); });
    }
    void setReason(const QString& reason) {
        setEnabled(reason.isEmpty());
        setToolTip(reason.isEmpty() ? tip_ : tip_ + QLatin1Char('\n') + reason);
        setAccessibleDescription(reason);
    }

  protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
        if (isChecked() || isDown() || (underMouse() && isEnabled())) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(theme_.colour(isChecked() ? Token::Accent : Token::Hover));
            painter.drawRoundedRect(box, 7, 7);
        }
        const Token ink = !isEnabled() ? Token::Faint : isChecked() ? Token::OnAccent : Token::Muted;
        if (!isEnabled()) painter.setOpacity(0.55);
        painter.drawPixmap(QPointF(8, 8), theme_.pixmap(icon_, 18, ink, devicePixelRatioF()));
        if (!key_.isEmpty()) {
            QFont font = theme_.font(TextRole::Hint);
            font.setPixelSize(9);
            painter.setFont(font);
            painter.setPen(theme_.colour(isChecked() ? Token::OnAccent : Token::Faint));
            painter.drawText(rect().adjusted(0, 0, -3, -1), Qt::AlignRight | Qt::AlignBottom, key_);
        }
        if (hasFocus()) {
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(theme_.colour(isChecked() ? Token::Text : Token::Accent), 2));
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 7, 7);
        }
    }

  private:
    Theme& theme_;
    QString icon_, key_, tip_;
};

ToolStrip::ToolStrip(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setFixedWidth(44);
    connect(&theme_, &Theme::changed, this, [this] { update(); });
    column_ = new QVBoxLayout(this);
    column_->setContentsMargins(5, 8, 5, 8);
    column_->setSpacing(3);
    column_->setAlignment(Qt::AlignTop);
}

QAbstractButton* ToolStrip::add(const QString& id, const QString& icon, const QString& text, const QString& key,
                                bool checkable) {
    auto* button = new Button(theme_, icon, text, key, this);
    button->setCheckable(checkable);
    column_->addWidget(button);
    buttons_[id] = button;
    connect(button, &QAbstractButton::clicked, this, [this, id, button] {
        if (button->isCheckable()) setCurrent(id);
        Q_EMIT chosen(id);
    });
    return button;
}

void ToolStrip::addSeparator() {
    column_->addSpacing(4);
    QFrame* line = makeLine(this);
    line->setFixedWidth(20);
    column_->addWidget(line, 0, Qt::AlignHCenter);
    column_->addSpacing(4);
}

void ToolStrip::addStretch() { column_->addStretch(1); }

void ToolStrip::setCurrent(const QString& id) {
    current_ = id;
    for (auto button = buttons_.cbegin(); button != buttons_.cend(); ++button)
        if (button.value()->isCheckable()) button.value()->setChecked(button.key() == id);
}

void ToolStrip::setReason(const QString& id, const QString& reason) {
    if (QAbstractButton* found = buttons_.value(id)) static_cast<Button*>(found)->setReason(reason);
}

void ToolStrip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), theme_.colour(Token::Panel));
    painter.fillRect(QRect(width() - 1, 0, 1, height()), theme_.colour(Token::Line));
}

}  // namespace fovea::ui
