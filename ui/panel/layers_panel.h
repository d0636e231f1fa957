#pragma once
#include <QStringList>
#include <QWidget>
#include <array>

class QButtonGroup;
class QComboBox;
class QLabel;
class QVBoxLayout;

namespace fovea::ui {

class Histogram;
class SectionHeader;
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

// Left dock of Review: the project's volumes, the layers with their eyes, and how the chosen one is drawn.
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
    enum { ProposalLayer, LabelsLayer, PredictionLayer, ImageLayer, layerCount };
    struct Layer {
        LayerRow* row = nullptr;
        QWidget* properties = nullptr;
    };
    QWidget* makeLayers();
    void showLayers();
    void showProperties();
    SectionHeader* makeProperties(int layer, const QString& title, QVBoxLayout*& inner);
    SliderRow* makeOpacity(const QString& name, int least, void (ViewScene::*change)(double));
    void makeProposal();
    void makeLabels();
    void makePrediction();
    void makeImage();
    void showContrast();
    void countGrey();

    Theme& theme_;
    ViewScene& scene_;
    QVBoxLayout* volumes_ = nullptr;
    QLabel* facts_ = nullptr;
    SliderRow *fill_ = nullptr, *outline_ = nullptr, *gamma_ = nullptr;
    SliderRow *proposal_ = nullptr, *prediction_ = nullptr, *imageOpacity_ = nullptr;
    Histogram* histogram_ = nullptr;
    ToggleRow* invert_ = nullptr;
    QComboBox* map_ = nullptr;
    QButtonGroup* names_;  // one layer is chosen
    std::array<Layer, layerCount> layers_;
};

}  // namespace fovea::ui
