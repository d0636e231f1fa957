#pragma once
#include <QStringList>
#include <QWidget>

class QComboBox;
class QLabel;
class QVBoxLayout;

namespace fovea::ui {

class Histogram;
class SegmentedControl;
class SliderRow;
class Theme;
class ToggleRow;
class ViewScene;

struct VolumeRow {
    QString id;
    QString detail;  // "28 / 60"
    bool current = false;
    friend bool operator==(const VolumeRow&, const VolumeRow&) = default;
};

// Left dock of Review: the project's volumes, which layers are seen, how labels are drawn, contrast of the image.
class LayersPanel : public QWidget {
    Q_OBJECT
  public:
    LayersPanel(Theme& theme, ViewScene& scene, QWidget* parent = nullptr);
    void setVolumes(const QList<VolumeRow>& rows, const QString& facts);

  Q_SIGNALS:
    void volumeChosen(const QString& id);
    void addVolume();
    void colourByState(bool byState);

  private:
    class LayerRow;
    QWidget* makeLayers();
    void showLayers();
    QWidget* makeLabels();
    QWidget* makeImage();
    void showContrast();
    void countGrey();

    Theme& theme_;
    ViewScene& scene_;
    QVBoxLayout* volumes_ = nullptr;
    QLabel* facts_ = nullptr;
    SliderRow *fill_ = nullptr, *outline_ = nullptr, *gamma_ = nullptr;
    Histogram* histogram_ = nullptr;
    ToggleRow* invert_ = nullptr;
    QComboBox* map_ = nullptr;
    LayerRow *predictionRow_ = nullptr, *labelsRow_ = nullptr, *imageRow_ = nullptr;
};

}  // namespace fovea::ui
