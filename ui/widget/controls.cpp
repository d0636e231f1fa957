#include "ui/widget/controls.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QSlider>
#include <QVBoxLayout>
#include <cmath>

#include "ui/theme/theme.h"
#include "ui/widget/key_cap.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

namespace {

constexpr int logSteps = 1000, flashMs = 180;

// Reached by Tab, its arrow keys are its own and don't walk through slices; a drag does not take the keys from the
// views.
class KeySlider : public QSlider {
  public:
    explicit KeySlider(QWidget* parent) : QSlider(Qt::Horizontal, parent) { setFocusPolicy(Qt::TabFocus); }

  protected:
    bool event(QEvent* event) override {
        if (event->type() == QEvent::ShortcutOverride) switch (static_cast<QKeyEvent*>(event)->key()) {
                case Qt::Key_Left:
                case Qt::Key_Right:
                case Qt::Key_Up:
                case Qt::Key_Down:
                case Qt::Key_Home:
                case Qt::Key_End:
                case Qt::Key_PageUp:
                case Qt::Key_PageDown:
                    event->accept();
                    return true;
                default:
                    break;
            }
        return QSlider::event(event);
    }
};

}  // namespace

SliderRow::SliderRow(Theme& theme, const QString& label, double low, double high, double value, int decimals,
                     const QString& suffix, bool logarithmic, QWidget* parent)
    : QWidget(parent),
      low_(low),
      high_(high),
      value_(value),
      decimals_(decimals),
      suffix_(suffix),
      logarithmic_(logarithmic) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    QLabel* name = makeLabel(label, "muted", this);
    name->setMinimumWidth(theme.size(62));
    slider_ = new KeySlider(this);
    slider_->setAccessibleName(label);
    slider_->setRange(0, logarithmic ? logSteps : qRound((high - low) * std::pow(10, decimals)));
    text_ = makeLabel({}, "body", this);
    text_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    text_->setMinimumWidth(theme.size(48));
    row->addWidget(name);
    row->addWidget(slider_, 1);
    row->addWidget(text_);
    setValue(value);
    connect(slider_, &QSlider::valueChanged, this, [this](int at) {
        const double share = double(at) / slider_->maximum();
        const double v = logarithmic_ ? low_ * std::pow(high_ / low_, share) : low_ + at / std::pow(10, decimals_);
        value_ = std::clamp(v, low_, high_);
        show(value_);
        Q_EMIT valueChanged(value_);
    });
}

void SliderRow::setValue(double value) {
    value_ = std::clamp(value, low_, high_);
    const QSignalBlocker quiet(slider_);
    slider_->setValue(logarithmic_ ? qRound(std::log(value_ / low_) / std::log(high_ / low_) * logSteps)
                                   : qRound((value_ - low_) * std::pow(10, decimals_)));
    show(value_);
}

void SliderRow::show(double value) {
    text_->setText(QString::number(value, 'f', decimals_) + suffix_);
    slider_->setAccessibleDescription(text_->text());
}

Toggle::Toggle(Theme& theme, QWidget* parent) : QAbstractButton(parent), theme_(theme) {
    setCheckable(true);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(&theme_, &Theme::changed, this, [this] { update(); });
}

QSize Toggle::sizeHint() const { return {34, 26}; }  // a target of 26; the switch itself is 28 × 16

void Toggle::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF track((width() - 28) / 2.0, (height() - 16) / 2.0, 28, 16);
    const bool on = isChecked();
    if (!isEnabled()) painter.setOpacity(0.5);
    painter.setPen(on ? QPen(Qt::NoPen) : QPen(theme_.colour(Token::LineStrong), 1));
    painter.setBrush(theme_.colour(on ? Token::Accent : Token::Hover));
    painter.drawRoundedRect(track.adjusted(0.5, 0.5, -0.5, -0.5), 7.5, 7.5);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme_.colour(on ? Token::OnAccent : Token::Muted));
    painter.drawEllipse(QPointF(on ? track.right() - 8 : track.left() + 8, track.center().y()), 5, 5);
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(theme_.colour(Token::Accent), 2));
        painter.drawRoundedRect(track.adjusted(-3, -3, 3, 3), 11, 11);
    }
}

ToggleRow::ToggleRow(Theme& theme, const QString& title, const QString& detail, QWidget* parent) : QWidget(parent) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    toggle_ = new Toggle(theme, this);
    toggle_->setAccessibleName(title);
    toggle_->setAccessibleDescription(detail);
    row->addWidget(toggle_, 0, Qt::AlignTop);
    auto* words = new QVBoxLayout;
    words->setContentsMargins(0, 4, 0, 0);
    words->setSpacing(1);
    words->addWidget(makeParagraph(title, "body", this));
    if (!detail.isEmpty()) words->addWidget(makeParagraph(detail, "hint", this));
    row->addLayout(words, 1);
    connect(toggle_, &Toggle::toggled, this, &ToggleRow::toggled);
}

bool ToggleRow::isChecked() const { return toggle_->isChecked(); }

void ToggleRow::setChecked(bool checked) {
    const QSignalBlocker quiet(toggle_);
    toggle_->setChecked(checked);
    toggle_->update();
}

namespace {

class Segment : public QAbstractButton {
  public:
    Segment(Theme& theme, const QString& text, QWidget* parent) : QAbstractButton(parent), theme_(theme) {
        setText(text);
        setAccessibleName(text);
        setCheckable(true);
        setAttribute(Qt::WA_Hover);
        setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    }
    QSize sizeHint() const override {
        const double width = QFontMetricsF(theme_.font(TextRole::Small, QFont::DemiBold)).horizontalAdvance(text());
        return {int(std::ceil(width)) + 18, theme_.size(26)};
    }

  protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const QRectF box = QRectF(rect()).adjusted(2.5, 2.5, -2.5, -2.5);
        if (isChecked() || underMouse()) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(theme_.colour(isChecked() ? Token::AccentSoft : Token::Hover));
            painter.drawRoundedRect(box, 4, 4);
        }
        painter.setFont(theme_.font(TextRole::Small, isChecked() ? QFont::DemiBold : QFont::Normal));
        painter.setPen(theme_.colour(!isEnabled() ? Token::Faint : isChecked() ? Token::Text : Token::Muted));
        painter.drawText(rect(), Qt::AlignCenter, text());
        if (hasFocus()) {
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(theme_.colour(Token::Accent), 2));
            painter.drawRoundedRect(box, 4, 4);
        }
    }

  private:
    Theme& theme_;
};

}  // namespace

SegmentedControl::SegmentedControl(Theme& theme, const QStringList& items, QWidget* parent)
    : QWidget(parent), group_(new QButtonGroup(this)) {
    auto* outer = new QHBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    auto* frame = new QFrame(this);
    frame->setProperty("kind", QStringLiteral("field"));
    outer->addWidget(frame);
    auto* row = new QHBoxLayout(frame);
    row->setContentsMargins(1, 1, 1, 1);
    row->setSpacing(0);
    for (int i = 0; i < items.size(); ++i) {
        auto* segment = new Segment(theme, items[i], frame);
        segment->setSizePolicy(QSizePolicy::Minimum, segment->sizePolicy().verticalPolicy());  // its word is never cut
        row->addWidget(segment);
        group_->addButton(segment, i);
        connect(&theme, &Theme::changed, segment, qOverload<>(&QWidget::update));
    }
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setCurrent(0);
    connect(group_, &QButtonGroup::idClicked, this, &SegmentedControl::chosen);
}

int SegmentedControl::current() const { return group_->checkedId(); }

void SegmentedControl::setCurrent(int index) {
    if (QAbstractButton* button = group_->button(index)) button->setChecked(true);
}

VerdictButton::VerdictButton(Theme& theme, const QString& text, const QString& icon, const QString& key,
                             const char* tone, bool primary, QWidget* parent)
    : QAbstractButton(parent),
      theme_(theme),
      icon_(icon),
      key_(key),
      tone_(QString::fromLatin1(tone)),
      primary_(primary) {
    setText(text);
    setAccessibleName(text);
    setAccessibleDescription(tr("Key %1").arg(key));
    setFocusPolicy(Qt::TabFocus);  // a click must not take Space and Return from the views
    flash_.setSingleShot(true);
    flash_.setInterval(flashMs);
    connect(&flash_, &QTimer::timeout, this, qOverload<>(&QWidget::update));
    setToolTip(QStringLiteral("%1  (%2)").arg(text, key));
    setCursor(Qt::PointingHandCursor);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&theme_, &Theme::changed, this, qOverload<>(&QWidget::update));
}

QSize VerdictButton::minimumSizeHint() const {
    const double width = QFontMetricsF(theme_.font(TextRole::Small, QFont::DemiBold)).horizontalAdvance(text());
    return {int(std::ceil(width)) + 18 + (icon_.isEmpty() ? 0 : 17), theme_.size(50)};
}

QSize VerdictButton::sizeHint() const { return minimumSizeHint() + QSize(primary_ ? 22 : 4, 0); }

Token VerdictButton::ink() const {
    if (primary_) return Token::OnAccent;
    if (tone_ == QLatin1String("ok")) return Token::Ok;
    if (tone_ == QLatin1String("warn")) return Token::Warn;
    if (tone_ == QLatin1String("bad")) return Token::Bad;
    return tone_ == QLatin1String("muted") ? Token::Muted : Token::Text;
}

void VerdictButton::flash() {
    if (theme_.reducedMotion()) return;
    flash_.start();
    update();
}

void VerdictButton::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    const bool hot = underMouse() && isEnabled();
    if (!isEnabled()) painter.setOpacity(0.5);
    painter.setPen(primary_ ? QPen(Qt::NoPen) : QPen(theme_.colour(Token::LineStrong), 1));
    QColor fill = theme_.colour(primary_ ? Token::Accent : hot ? Token::Hover : Token::Raised);
    if (primary_ && hot) fill = fill.lighter(110);
    if (isDown()) fill = fill.darker(112);
    if (flash_.isActive()) {
        fill = theme_.colour(primary_ ? Token::Ok : Token::AccentSoft);
        painter.setPen(QPen(theme_.colour(primary_ ? Token::Ok : ink()), 2));
    }
    painter.setBrush(fill);
    painter.drawRoundedRect(box, 6, 6);
    const Token ink = this->ink();
    painter.setFont(theme_.font(TextRole::Small, QFont::DemiBold));
    const double textWidth = QFontMetricsF(painter.font()).horizontalAdvance(text());
    const double total = textWidth + (icon_.isEmpty() ? 0 : 17), left = (width() - total) / 2;
    const QSize cap = keyCapSize(theme_, key_);
    const double line = theme_.size(18), top = (height() - line - 3 - cap.height()) / 2.0;
    if (!icon_.isEmpty())
        painter.drawPixmap(QPointF(left, top + (line - 13) / 2), theme_.pixmap(icon_, 13, ink, devicePixelRatioF()));
    painter.setPen(theme_.colour(ink));
    painter.drawText(QRectF(left + total - textWidth, top, textWidth + 2, line), Qt::AlignLeft | Qt::AlignVCenter,
                     text());
    paintKeyCap(painter, theme_,
                QRectF(QPointF(std::floor((width() - cap.width()) / 2.0), std::floor(top + line + 3)), cap), key_,
                primary_);
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(theme_.colour(primary_ ? Token::Text : Token::Accent), 2));
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
    }
}

}  // namespace fovea::ui
