#pragma once
#include <QVector>
#include <QWidget>

namespace fovea::ui {

class Theme;

// Grey values with two handles for the contrast window and the transfer line between them. 228 × 72 with the numbers
// below.
class Histogram : public QWidget {
    Q_OBJECT
  public:
    explicit Histogram(Theme& theme, QWidget* parent = nullptr);
    // Counts of equal bins over [low, high].
    void setCounts(QVector<double> counts, double low, double high);
    void setWindow(double low, double high, double gamma = 1);  // no signal
    double windowLow() const { return windowLow_; }
    double windowHigh() const { return windowHigh_; }
    QSize sizeHint() const override { return {228, 78}; }
    QSize minimumSizeHint() const override { return {120, 78}; }

  Q_SIGNALS:
    void windowChanged(double low, double high);  // while dragging or by keys

  protected:
    void paintEvent(QPaintEvent*) override;
    void mousePressEvent(QMouseEvent*) override;
    void mouseMoveEvent(QMouseEvent*) override;
    void mouseReleaseEvent(QMouseEvent*) override;
    void keyPressEvent(QKeyEvent*) override;

  private:
    QRectF chart() const;
    double toPixel(double value) const;
    double toValue(double pixel) const;
    void moveHandle(double value);
    QString text(double value) const;

    Theme& theme_;
    QVector<double> counts_;
    double low_ = 0, high_ = 255, windowLow_ = 0, windowHigh_ = 255, gamma_ = 1;
    int handle_ = 0;  // 0 low, 1 high: the one that keys and drags move
    bool dragging_ = false;
};

}  // namespace fovea::ui
