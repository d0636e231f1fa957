#pragma once
#include <QElapsedTimer>
#include <QPointF>
#include <QTimer>
#include <QVector>
#include <QWidget>
#include <optional>

#include "ui/theme/tokens.h"
#include "ui/widget/plot_scale.h"

namespace fovea::ui {

class Theme;

struct PlotCurve {
    QString name;
    Token colour = Token::Accent;
    bool dashed = false;
    QVector<QPointF> points;  // ascending x
};

// A small line chart painted by itself: title, legend, axes, curves, the future shaded, a best marker, a reference line
// and a read-out under the pointer. Redraws at most five times a second however often it is fed.
class Plot : public QWidget {
    Q_OBJECT
  public:
    explicit Plot(Theme& theme, const QString& title, QWidget* parent = nullptr);

    void setCurves(QVector<PlotCurve> curves);
    void addPoint(int curve, QPointF point);
    void clear();                                                           // points only
    void setXRange(double from, double to);                                 // to = the planned end; grows with the data
    void setYRange(std::optional<double> low, std::optional<double> high);  // unset ends follow the data
    void setFutureFrom(std::optional<double> x);                            // shaded to the right
    void setBest(std::optional<QPointF> at, const QString& label = {});
    void setReference(std::optional<double> y, const QString& label = {});
    void setEmptyText(const QString& text);

    PlotAxis xAxis() const;
    PlotAxis yAxis() const;
    QRectF plotArea() const;
    QPointF toPixel(QPointF value) const;
    int paintCount() const { return paints_; }  // for tests of the throttle
    QSize sizeHint() const override { return {420, 240}; }
    QSize minimumSizeHint() const override { return {220, 140}; }

  protected:
    void paintEvent(QPaintEvent*) override;
    void mouseMoveEvent(QMouseEvent*) override;
    void leaveEvent(QEvent*) override;

  private:
    void refresh();
    void paintAxes(QPainter& painter, const QRectF& area) const;
    void paintCurves(QPainter& painter, const QRectF& area) const;
    void paintMarks(QPainter& painter, const QRectF& area) const;
    void paintLegend(QPainter& painter) const;
    void paintReadout(QPainter& painter, const QRectF& area) const;

    Theme& theme_;
    QString title_, emptyText_;
    QVector<PlotCurve> curves_;
    double xFrom_ = 0, xTo_ = 1;
    std::optional<double> yLow_, yHigh_, future_, reference_, hover_;
    std::optional<QPointF> best_;
    QString bestLabel_, referenceLabel_;
    QElapsedTimer sinceDraw_;
    QTimer pending_;
    int paints_ = 0;
};

}  // namespace fovea::ui
