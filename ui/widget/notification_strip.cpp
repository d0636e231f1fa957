#include "ui/widget/notification_strip.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>

#include "ui/theme/theme.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

namespace {

constexpr int goodNewsMs = 6000;

QString iconOf(Tone tone) {
    switch (tone) {
        case Tone::Ok:
            return QStringLiteral("check");
        case Tone::Warn:
        case Tone::Bad:
            return QStringLiteral("warn");
        case Tone::Plain:
        case Tone::Accent:
            break;
    }
    return QStringLiteral("info");
}

}  // namespace

NotificationStrip::NotificationStrip(Theme& theme, QWidget* parent) : QFrame(parent), theme_(theme) {
    setMinimumHeight(theme.size(36));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(14, 2, 8, 2);
    row->setSpacing(10);
    icon_ = new QLabel(this);
    text_ = makeParagraph({}, "body", this);
    action_ = makeButton(theme, {}, "plain", {}, this);
    action_->setProperty("extent", QStringLiteral("small"));
    QToolButton* close = makeIconButton(theme, QStringLiteral("x"), tr("Close"), this);
    row->addWidget(icon_);
    row->addWidget(text_, 1);
    row->addWidget(action_);
    row->addWidget(close);
    leave_.setSingleShot(true);
    leave_.setInterval(goodNewsMs);
    connect(&leave_, &QTimer::timeout, this, &QWidget::hide);
    connect(close, &QToolButton::clicked, this, &QWidget::hide);
    connect(action_, &QPushButton::clicked, this, [this] {
        hide();
        Q_EMIT actionClicked();
    });
    connect(&theme_, &Theme::changed, this, [this] {
        icon_->setPixmap(theme_.pixmap(iconOf(tone_), 16, toneColour(tone_), devicePixelRatioF()));
        update();
    });
    hide();
}

void NotificationStrip::say(Tone tone, const QString& text, const QString& action) {
    tone_ = tone;
    text_->setText(text);
    setAccessibleName(text);
    icon_->setPixmap(theme_.pixmap(iconOf(tone), 16, toneColour(tone), devicePixelRatioF()));
    action_->setText(action);
    action_->setVisible(!action.isEmpty());
    show();
    update();
    if (tone == Tone::Warn || tone == Tone::Bad)
        leave_.stop();
    else
        leave_.start();
}

QString NotificationStrip::text() const { return text_->text(); }

void NotificationStrip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), theme_.colour(toneSoft(tone_)));
    painter.fillRect(QRect(0, 0, 3, height()), theme_.colour(toneColour(tone_)));
    painter.fillRect(QRect(0, height() - 1, width(), 1), theme_.colour(Token::Line));
}

}  // namespace fovea::ui
