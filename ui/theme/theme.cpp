#include "ui/theme/theme.h"

#include <QAbstractButton>
#include <QApplication>
#include <QFontDatabase>
#include <QIconEngine>
#include <QPainter>
#include <QPalette>
#include <QStyle>

#include "ui/theme/icons.h"
#include "ui/theme/style_sheet.h"

// Resources in a static library are not registered by themselves.
static void registerResources() { Q_INIT_RESOURCE(fovea); }

namespace fovea::ui {

namespace {

// Draws at the size and scale asked for, so that icons stay sharp everywhere.
class SvgIconEngine : public QIconEngine {
  public:
    SvgIconEngine(QString name, QColor normal, QColor on, QColor disabled)
        : name_(std::move(name)), normal_(normal), on_(on), disabled_(disabled) {}
    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override {
        const double ratio = painter->device() ? painter->device()->devicePixelRatioF() : 1;
        painter->drawPixmap(rect, scaledPixmap(rect.size() * ratio, mode, state, ratio));
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        return scaledPixmap(size, mode, state, 1);
    }
    // A wide size leaves room at the right of the drawing: buttons use that as the gap to their text.
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal) override {
        const QColor& colour = mode == QIcon::Disabled                         ? disabled_
                               : state == QIcon::On || mode == QIcon::Selected ? on_
                                                                               : normal_;
        const int side = qMin(size.width(), size.height());
        const QPixmap drawing = renderIcon(name_, side, colour);
        if (size.width() == size.height()) return drawing;
        QPixmap wide(size);
        wide.fill(Qt::transparent);
        QPainter painter(&wide);
        painter.drawPixmap(0, (size.height() - side) / 2, drawing);
        return wide;
    }
    QIconEngine* clone() const override { return new SvgIconEngine(*this); }

  private:
    QString name_;
    QColor normal_, on_, disabled_;
};

QString firstInstalled(std::initializer_list<const char*> families, const QString& otherwise) {
    const QStringList installed = QFontDatabase::families();
    for (const char* family : families)
        if (installed.contains(QLatin1String(family))) return QLatin1String(family);
    return otherwise;
}

}  // namespace

Theme::Theme(QObject* parent) : QObject(parent) {
    registerResources();
    family_ = firstInstalled({"Inter", "Inter Variable", "Noto Sans", "Open Sans", "DejaVu Sans"},
                             QApplication::font().family());
    fixedFamily_ = firstInstalled({"JetBrains Mono", "DejaVu Sans Mono", "Noto Sans Mono"},
                                  QFontDatabase::systemFont(QFontDatabase::FixedFont).family());
    // The palette before ours is the platform's.
    systemDark_ = QApplication::palette().color(QPalette::Window).lightness() < 128;
    dark_ = systemDark_;
}

void Theme::setMode(ThemeMode mode) {
    mode_ = mode;
    const bool dark = mode == ThemeMode::System ? systemDark_ : mode == ThemeMode::Dark;
    if (dark == dark_) return;
    dark_ = dark;
    refresh();
}

void Theme::setTextScale(double scale) {
    scale = qBound(0.8, scale, 1.6);
    if (scale == textScale_) return;
    textScale_ = scale;
    refresh();
}

void Theme::setReducedMotion(bool reduced) {
    if (reduced == reducedMotion_) return;
    reducedMotion_ = reduced;
    Q_EMIT changed();
}

int Theme::size(double length) const { return qRound(length * textScale_); }

QFont Theme::font(TextRole role, QFont::Weight weight) const {
    struct Row {
        double pixels;
        QFont::Weight least;
    };
    static constexpr Row rows[] = {{11, QFont::Normal},   {12, QFont::Normal},   {13, QFont::Normal},
                                   {15, QFont::DemiBold}, {20, QFont::DemiBold}, {34, QFont::DemiBold},
                                   {11.5, QFont::Normal}};
    const Row& row = rows[int(role)];
    QFont font(role == TextRole::Fixed ? fixedFamily_ : family_);
    font.setPixelSize(qRound(row.pixels * textScale_));
    font.setWeight(qMax(weight, row.least));
    return font;
}

QIcon Theme::icon(const QString& name, Token normal, Token on) const {
    return QIcon(new SvgIconEngine(name, colour(normal), colour(on), colour(Token::Faint)));
}

QPixmap Theme::pixmap(const QString& name, double side, Token token, double devicePixelRatio) const {
    return renderIcon(name, side, colour(token), devicePixelRatio);
}

void Theme::bindIcon(QAbstractButton* button, const QString& name, Token normal, Token on) const {
    button->setIcon(icon(name, normal, on));
    connect(this, &Theme::changed, button,
            [this, button, name, normal, on] { button->setIcon(icon(name, normal, on)); });
}

QString Theme::styleSheet() const { return ui::styleSheet(dark_, textScale_, family_, fixedFamily_); }

void Theme::apply(QApplication& application) {
    application_ = &application;
    QApplication::setStyle(QStringLiteral("Fusion"));
    refresh();
}

void Theme::refresh() {
    if (application_) {
        QPalette palette;
        palette.setColor(QPalette::Window, colour(Token::Window));
        palette.setColor(QPalette::WindowText, colour(Token::Text));
        palette.setColor(QPalette::Base, colour(Token::Field));
        palette.setColor(QPalette::AlternateBase, colour(Token::Panel));
        palette.setColor(QPalette::Text, colour(Token::Text));
        palette.setColor(QPalette::Button, colour(Token::Raised));
        palette.setColor(QPalette::ButtonText, colour(Token::Text));
        palette.setColor(QPalette::Highlight, colour(Token::AccentSoft));
        palette.setColor(QPalette::HighlightedText, colour(Token::Text));
        palette.setColor(QPalette::PlaceholderText, colour(Token::Faint));
        palette.setColor(QPalette::ToolTipBase, colour(Token::Raised));
        palette.setColor(QPalette::ToolTipText, colour(Token::Text));
        palette.setColor(QPalette::Link, colour(Token::Accent));
        for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
            palette.setColor(QPalette::Disabled, role, colour(Token::Faint));
        QApplication::setPalette(palette);
        QApplication::setFont(font(TextRole::Body));
        application_->setStyleSheet(styleSheet());
    }
    Q_EMIT changed();
}

}  // namespace fovea::ui
