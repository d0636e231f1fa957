#pragma once
#include <QAbstractButton>
#include <QRectF>
#include <QString>
#include <QVector>

class QPainter;

namespace fovea::ui {

class Theme;

// A piece of a chip: text in one of three weights, an icon by its name, or a ring that fills.
struct HudPart {
    enum class Kind { Strong, Dim, Warn, Icon, Ring };
    QString text;
    Kind kind = Kind::Dim;
    double share = 0;  // 0…1 of the ring
};

// Chips over images: 22 high, black 78 %, light text in both themes.
QSizeF hudChipSize(const Theme& theme, const QVector<HudPart>& parts);
// Draws the chip with its top left corner at `at`; gives its rectangle.
QRectF paintHudChip(QPainter& painter, const Theme& theme, QPointF at, const QVector<HudPart>& parts);

// A chip that is pressed, in amber: something about the image is missing and can be given.
class HudButton : public QAbstractButton {
  public:
    HudButton(Theme& theme, QWidget* parent);
    QSize sizeHint() const override;

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    QVector<HudPart> parts() const { return {{text(), HudPart::Kind::Warn}}; }

    Theme& theme_;
};

}  // namespace fovea::ui
