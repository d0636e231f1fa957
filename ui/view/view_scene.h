#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QPolygonF>
#include <QTimer>
#include <QVector>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "ui/view/label_look.h"
#include "ui/view/plane.h"
#include "ui/view/tile_composer.h"

class QThreadPool;

namespace fovea::ui {

// What all views of one volume show together: data, look, position and zoom. One direction: callers set, views listen.
// GUI thread only.
class ViewScene : public QObject {
    Q_OBJECT
  public:
    explicit ViewScene(QObject* parent = nullptr);
    ~ViewScene() override;

    // Shows another volume; position goes to its middle, contrast to 0.5–99.5 % of the middle slice unless one is
    // given.
    void setImage(ImagePtr image, int channel = 0, std::optional<Contrast> contrast = {});
    void setLabels(LabelReader labels);
    // Forgets image and labels and waits until no worker reads them any more. Call before what `labels` captured dies.
    void release();
    // Voxels changed: tiles over `box` are composed again.
    void labelsChanged(const Box& box);

    const ImagePtr& image() const { return style_.image; }
    int channel() const { return style_.channel; }
    bool empty() const { return !style_.image; }
    Index shape() const { return shape_; }
    Vec3 spacing() const { return spacing_; }  // µm; 1, 1, 1 when unknown
    bool spacingKnown() const { return spacingKnown_; }

    const Contrast& contrast() const { return style_.contrast; }
    void setContrast(const Contrast& contrast);
    // 0.5–99.5 % of the middle of the present XY slice (at most 512 × 512 voxels are read); map, gamma, invert stay.
    Contrast autoContrast() const;
    // Counts of equal bins over the grey values of that piece.
    struct GreyCounts {
        QVector<double> counts;
        double low = 0, high = 1;
    };
    GreyCounts greyCounts(int bins = 114) const;

    const LabelLook& look() const { return *style_.look; }
    void setLook(LabelLook look);
    void setLabelsVisible(bool visible);
    void setImageVisible(bool visible);
    bool imageVisible() const { return imageVisible_; }
    void setImageOpacity(double opacity);  // 0…1, over black
    double imageOpacity() const { return imageOpacity_; }
    // What the model sees, over the image and under the labels; hidden until asked for. Null: there is none.
    void setPrediction(ImagePtr prediction);
    bool hasPrediction() const { return prediction_ != nullptr; }
    void setPredictionVisible(bool visible);
    bool predictionVisible() const { return style_.prediction != nullptr; }
    void setPredictionOpacity(double opacity);  // 0…1, where the model is certain
    double predictionOpacity() const { return style_.predictionOpacity; }
    void setSelected(const std::set<std::int32_t>& ids);
    void setHovered(std::int32_t id);

    // Null drops it. Another one is always seen, also when the one before was hidden: it may be committed with one key.
    void setPreview(std::shared_ptr<const PreviewMask> preview);
    const std::shared_ptr<const PreviewMask>& preview() const { return preview_; }
    void setPreviewVisible(bool visible);
    bool previewVisible() const { return preview_ == style_.preview; }
    void setPreviewOpacity(double opacity);  // 0…1
    double previewOpacity() const { return style_.previewOpacity; }
    void setPrompts(QVector<PromptDot> prompts);
    const QVector<PromptDot>& prompts() const { return prompts_; }
    // Drawn around an object, one slice deep; empty when there is none.
    void setPromptBox(const Box& box, bool waiting = false);
    const Box& promptBox() const { return promptBox_; }
    // A line being drawn in slice `n` of a plane, corners u, v in voxels; without corners: none.
    void setLasso(Plane plane, std::int64_t n, const QPolygonF& path);
    // Its corners in that slice; none elsewhere.
    QPolygonF lasso(Plane plane, std::int64_t n) const;
    // 0…1 again and again while a prompt waits for longer than a blink, else 0.
    double pulse() const;
    // A prompt waits there until its slice is read.
    struct Reading {
        Index at;
        double usual = 0;  // seconds it took the last time, 0 while unknown
    };
    void setReading(std::optional<Reading> reading);
    const std::optional<Reading>& reading() const { return reading_; }
    double secondsWaited() const;  // since a prompt waits; 0 when none does
    // Outside is dimmed to 60 % (a chosen patch).
    void setFocusBox(std::optional<Box> box);
    const std::optional<Box>& focusBox() const { return focusBox_; }
    // Extent of the current object in the stack bar.
    void setObjectBox(std::optional<Box> box, QRgb colour = 0);
    const std::optional<Box>& objectBox() const { return objectBox_; }
    QRgb objectBoxColour() const { return objectBoxColour_; }
    // A badge at a voxel, such as the lock over a frozen object near the pointer; empty text removes it.
    void setBadge(const QString& icon, const QString& text, Index at);
    // A chip at the pointer for 2 s ("Object 28 is accepted. Reopen with Shift+U.").
    void say(const QString& text);
    void setCrosshairVisible(bool visible);
    bool crosshairVisible() const { return crosshair_; }
    // Radius of the brush circle around the pointer, µm; 0 hides it.
    void setBrushRadius(double um);
    double brushRadius() const { return brushRadius_; }

    Index cursor() const { return cursor_; }
    void setCursor(Index voxel);  // clamped
    void setSlice(Plane plane, std::int64_t n);
    std::int64_t slice(Plane plane) const { return cursor_[axesOf(plane).n]; }

    Vec3 centre() const { return centre_; }  // voxel coordinates in the middle of every view
    double zoom() const { return zoom_; }    // logical pixels per µm
    void setView(const Vec3& centre, double zoom);
    // Cursor to the box's middle (or `at`) and zoom so that it fills 40 % of `shorterSide` pixels, at most 8 px per
    // voxel.
    void showBox(const Box& box, std::optional<Index> at, double shorterSide);

    std::shared_ptr<const TileStyle> style() const;
    QThreadPool& workers() { return *workers_; }

    struct Badge {
        QString icon, text;
        Index at;
    };
    const std::optional<Badge>& badge() const { return badge_; }

  Q_SIGNALS:
    void imageChanged();  // another volume: everything is new
    void styleChanged();  // contrast, look, preview: tiles are stale, old ones stay until replaced
    void labelsEdited(const fovea::Box& box);
    void cursorChanged();
    void viewChanged();     // centre or zoom
    void overlayChanged();  // prompts, boxes, badges, crosshair, brush
    void message(const QString& text);

  private:
    template <class Edit>
    void editLook(Edit&& edit);
    template <class T>
    void set(T& part, std::type_identity_t<T> value);  // of the style
    void restyle();
    void keepPulse();
    std::vector<float> greySample() const;

    TileStyle style_;
    ImagePtr prediction_;
    std::shared_ptr<const PreviewMask> preview_;
    bool imageVisible_ = true;
    double imageOpacity_ = 1;
    mutable std::shared_ptr<const TileStyle> frozen_;
    Index shape_;
    Vec3 spacing_{1, 1, 1};
    bool spacingKnown_ = false;
    QVector<PromptDot> prompts_;
    Box promptBox_;
    Plane lassoPlane_ = Plane::XY;
    std::int64_t lassoSlice_ = 0;
    QPolygonF lasso_;
    bool boxWaits_ = false;
    QTimer pulse_;
    QElapsedTimer waiting_;
    std::optional<Reading> reading_;
    std::optional<Box> focusBox_, objectBox_;
    QRgb objectBoxColour_ = 0;
    std::optional<Badge> badge_;
    bool crosshair_ = true;
    double brushRadius_ = 0;
    Index cursor_;
    Vec3 centre_;
    double zoom_ = 1;
    std::unique_ptr<QThreadPool> workers_;
};

}  // namespace fovea::ui
