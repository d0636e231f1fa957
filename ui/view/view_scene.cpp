#include "ui/view/view_scene.h"

#include <QThreadPool>
#include <algorithm>
#include <cmath>

namespace fovea::ui {

namespace {

constexpr int pulseMs = 900, pulseStepMs = 60, pulseAfterMs = 120;  // answers at hand come sooner

}  // namespace

ViewScene::ViewScene(QObject* parent) : QObject(parent), workers_(std::make_unique<QThreadPool>()) {
    workers_->setMaxThreadCount(std::clamp(QThread::idealThreadCount() - 1, 2, 4));
    style_.look = std::make_shared<LabelLook>();
    style_.ramp = makeRamp(style_.contrast);
    pulse_.setInterval(pulseStepMs);
    connect(&pulse_, &QTimer::timeout, this, &ViewScene::overlayChanged);
}

ViewScene::~ViewScene() { workers_->waitForDone(); }

void ViewScene::setImage(ImagePtr image, int channel, std::optional<Contrast> contrast) {
    style_.image = std::move(image);
    style_.channel = channel;
    style_.labels = {};
    style_.preview.reset();
    style_.prediction.reset();
    preview_.reset();
    prediction_.reset();
    imageVisible_ = true;
    style_.imageOpacity = imageOpacity_;
    prompts_.clear();
    setPromptBox({});
    setLasso(Plane::XY, 0, {});
    focusBox_.reset();
    objectBox_.reset();
    badge_.reset();
    shape_ = {};
    spacing_ = {1, 1, 1};
    spacingKnown_ = false;
    if (style_.image) {
        const ImageInfo& info = style_.image->info();
        shape_ = info.shape();
        spacingKnown_ = info.geometry.known;
        if (spacingKnown_) spacing_ = info.geometry.spacing;
        for (int axis = 0; axis < 3; ++axis)
            if (!(spacing_[axis] > 0) || !std::isfinite(spacing_[axis])) spacing_[axis] = 1;
    }
    cursor_ = {shape_.z / 2, shape_.y / 2, shape_.x / 2};
    centre_ = {double(shape_.z) / 2, double(shape_.y) / 2, double(shape_.x) / 2};
    style_.contrast = contrast ? *contrast : autoContrast();
    style_.ramp = makeRamp(style_.contrast);
    frozen_.reset();
    Q_EMIT imageChanged();
}

void ViewScene::setLabels(LabelReader labels) {
    style_.labels = std::move(labels);
    restyle();
}

void ViewScene::release() {
    setImage(nullptr);
    workers_->waitForDone();
}

void ViewScene::labelsChanged(const Box& box) {
    if (!box.empty()) Q_EMIT labelsEdited(box);
}

std::vector<float> ViewScene::greySample() const {
    if (!style_.image || shape_.count() <= 0) return {};
    const std::int64_t height = std::min<std::int64_t>(shape_.y, 512), width = std::min<std::int64_t>(shape_.x, 512);
    const Index begin{std::clamp<std::int64_t>(cursor_.z, 0, shape_.z - 1), (shape_.y - height) / 2,
                      (shape_.x - width) / 2};
    try {
        const Box box{begin, begin + Index{1, height, width}};
        const Volume<float> values = style_.image->readAs<float>(box, style_.channel);
        std::vector<float> finite;
        finite.reserve(values.vector().size());
        std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
                     [](float v) { return std::isfinite(v); });
        return finite;
    } catch (const Error&) {
        return {};  // the views say why when they read the slice themselves
    }
}

Contrast ViewScene::autoContrast() const {
    Contrast result = style_.contrast;
    std::vector<float> values = greySample();
    if (values.empty()) return result;
    const auto at = [&values](double share) {
        const auto nth = values.begin() + std::ptrdiff_t(share * double(values.size() - 1));
        std::nth_element(values.begin(), nth, values.end());
        return double(*nth);
    };
    result.low = at(0.005);
    result.high = at(0.995);
    if (result.high <= result.low) result.high = result.low + 1;
    return result;
}

ViewScene::GreyCounts ViewScene::greyCounts(int bins) const {
    GreyCounts result;
    const std::vector<float> values = greySample();
    if (values.empty() || bins <= 0) return result;
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    result.low = *least;
    result.high = *most > *least ? *most : *least + 1;
    result.counts.resize(bins);
    for (const float v : values)
        result.counts[std::clamp(int((v - result.low) / (result.high - result.low) * bins), 0, bins - 1)] += 1;
    return result;
}

void ViewScene::setContrast(const Contrast& contrast) {
    if (contrast == style_.contrast) return;
    style_.contrast = contrast;
    style_.ramp = makeRamp(contrast);
    restyle();
}

template <class T>
void ViewScene::set(T& part, std::type_identity_t<T> value) {
    if (part == value) return;
    part = std::move(value);
    restyle();
}

template <class Edit>
void ViewScene::editLook(Edit&& edit) {
    auto look = std::make_shared<LabelLook>(*style_.look);
    edit(*look);
    style_.look = std::move(look);
    restyle();
}

void ViewScene::setLook(LabelLook look) {
    style_.look = std::make_shared<LabelLook>(std::move(look));
    restyle();
}

void ViewScene::setLabelsVisible(bool visible) {
    if (style_.look->visible != visible) editLook([visible](LabelLook& look) { look.visible = visible; });
}

void ViewScene::setImageVisible(bool visible) {
    imageVisible_ = visible;
    set(style_.imageOpacity, visible ? imageOpacity_ : 0);
}

void ViewScene::setImageOpacity(double opacity) {
    imageOpacity_ = std::clamp(opacity, 0.0, 1.0);
    if (imageVisible_) set(style_.imageOpacity, imageOpacity_);
}

void ViewScene::setPrediction(ImagePtr prediction) {
    if (prediction && prediction->info().shape() != shape_) prediction = nullptr;
    if (prediction == prediction_) return;
    prediction_ = std::move(prediction);
    if (style_.prediction) style_.prediction = prediction_;
    restyle();
}

void ViewScene::setPredictionVisible(bool visible) {
    if (predictionVisible() == (visible && prediction_)) return;
    style_.prediction = visible ? prediction_ : nullptr;
    restyle();
}

void ViewScene::setPredictionOpacity(double opacity) { set(style_.predictionOpacity, std::clamp(opacity, 0.0, 1.0)); }

void ViewScene::setSelected(const std::set<std::int32_t>& ids) {
    if (style_.look->selected != ids) editLook([&ids](LabelLook& look) { look.selected = ids; });
}

void ViewScene::setHovered(std::int32_t id) {
    if (style_.look->hovered != id) editLook([id](LabelLook& look) { look.hovered = id; });
}

void ViewScene::setPreview(std::shared_ptr<const PreviewMask> preview) {
    if (preview == preview_) return;
    preview_ = std::move(preview);
    style_.preview = preview_;
    restyle();
}

void ViewScene::setPreviewVisible(bool visible) { set(style_.preview, visible ? preview_ : nullptr); }

void ViewScene::setPreviewOpacity(double opacity) { set(style_.previewOpacity, std::clamp(opacity, 0.0, 1.0)); }

void ViewScene::setPrompts(QVector<PromptDot> prompts) {
    prompts_ = std::move(prompts);
    keepPulse();
}

void ViewScene::setPromptBox(const Box& box, bool waiting) {
    promptBox_ = box;
    boxWaits_ = waiting && !box.empty();
    keepPulse();
}

void ViewScene::setLasso(Plane plane, std::int64_t n, const QPolygonF& path) {
    lassoPlane_ = plane;
    lassoSlice_ = n;
    lasso_ = path;
    Q_EMIT overlayChanged();
}

QPolygonF ViewScene::lasso(Plane plane, std::int64_t n) const {
    return plane == lassoPlane_ && n == lassoSlice_ ? lasso_ : QPolygonF();
}

void ViewScene::keepPulse() {
    const auto waits = [](const PromptDot& dot) { return dot.waiting; };
    if (!boxWaits_ && std::none_of(prompts_.begin(), prompts_.end(), waits)) {
        pulse_.stop();
    } else if (!pulse_.isActive()) {
        waiting_.start();
        pulse_.start();
    }
    Q_EMIT overlayChanged();
}

double ViewScene::pulse() const {
    if (!pulse_.isActive() || waiting_.elapsed() < pulseAfterMs) return 0;
    return double((waiting_.elapsed() - pulseAfterMs) % pulseMs + 1) / pulseMs;
}

void ViewScene::setReading(std::optional<Reading> reading) {
    reading_ = reading;
    Q_EMIT overlayChanged();
}

double ViewScene::secondsWaited() const { return pulse_.isActive() ? double(waiting_.elapsed()) / 1000 : 0; }

void ViewScene::setFocusBox(std::optional<Box> box) {
    focusBox_ = box;
    Q_EMIT overlayChanged();
}

void ViewScene::setObjectBox(std::optional<Box> box, QRgb colour) {
    objectBox_ = box;
    objectBoxColour_ = colour;
    Q_EMIT overlayChanged();
}

void ViewScene::setBadge(const QString& icon, const QString& text, Index at) {
    if (text.isEmpty()) {
        if (!badge_) return;
        badge_.reset();
    } else {
        if (badge_ && badge_->text == text && badge_->at == at) return;
        badge_ = Badge{icon, text, at};
    }
    Q_EMIT overlayChanged();
}

void ViewScene::say(const QString& text) { Q_EMIT message(text); }

void ViewScene::setCrosshairVisible(bool visible) {
    crosshair_ = visible;
    Q_EMIT overlayChanged();
}

void ViewScene::setBrushRadius(double um) {
    brushRadius_ = um;
    Q_EMIT overlayChanged();
}

void ViewScene::setCursor(Index voxel) {
    for (int axis = 0; axis < 3; ++axis)
        voxel[axis] = std::clamp<std::int64_t>(voxel[axis], 0, std::max<std::int64_t>(shape_[axis] - 1, 0));
    if (voxel == cursor_) return;
    cursor_ = voxel;
    Q_EMIT cursorChanged();
}

void ViewScene::setSlice(Plane plane, std::int64_t n) {
    Index voxel = cursor_;
    voxel[axesOf(plane).n] = n;
    setCursor(voxel);
}

void ViewScene::setView(const Vec3& centre, double zoom) {
    // From the whole volume in a few pixels to 256 pixels for the finest voxel.
    const double finest = std::min({spacing_.z, spacing_.y, spacing_.x});
    double widest = finest;
    for (int axis = 0; axis < 3; ++axis) widest = std::max(widest, double(shape_[axis]) * spacing_[axis]);
    Vec3 kept = centre;
    for (int axis = 0; axis < 3; ++axis)
        kept[axis] = std::clamp(kept[axis], 0.0, double(std::max<std::int64_t>(shape_[axis], 1)));
    zoom = std::clamp(zoom, 16 / widest, 256 / finest);
    if (kept == centre_ && zoom == zoom_) return;
    centre_ = kept;
    zoom_ = zoom;
    Q_EMIT viewChanged();
}

void ViewScene::showBox(const Box& box, std::optional<Index> at, double shorterSide) {
    if (box.empty() || empty()) return;
    const Index n = box.extent();
    Vec3 middle{double(box.begin.z) + double(n.z) / 2, double(box.begin.y) + double(n.y) / 2,
                double(box.begin.x) + double(n.x) / 2};
    // In-plane size decides: the depth of a stack must not shrink what is looked at in XY.
    const double widest = std::max(double(n.y) * spacing_.y, double(n.x) * spacing_.x);
    const double finest = std::min(spacing_.y, spacing_.x);
    const double zoom = std::min(0.4 * shorterSide / widest, 8 / finest);
    setCursor(at ? *at : Index{std::int64_t(middle.z), std::int64_t(middle.y), std::int64_t(middle.x)});
    setView(middle, zoom);
}

std::shared_ptr<const TileStyle> ViewScene::style() const {
    if (!frozen_) frozen_ = std::make_shared<TileStyle>(style_);
    return frozen_;
}

void ViewScene::restyle() {
    frozen_.reset();
    Q_EMIT styleChanged();
}

}  // namespace fovea::ui
