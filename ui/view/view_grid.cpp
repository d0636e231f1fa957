#include "ui/view/view_grid.h"

#include <QSplitter>
#include <QThreadPool>
#include <QTimer>
#include <QVBoxLayout>
#include <cmath>

#include "ui/theme/theme.h"
#include "ui/view/slice_view.h"
#include "ui/view/view3d.h"

namespace fovea::ui {

namespace {

constexpr int planeTextureSide = 640;  // pixels of the longer side

QSplitter* makeSplitter(Qt::Orientation orientation, QWidget* parent) {
    auto* splitter = new QSplitter(orientation, parent);
    splitter->setHandleWidth(1);
    splitter->setChildrenCollapsible(false);
    return splitter;
}

}  // namespace

ViewGrid::ViewGrid(Theme& theme, ViewScene& scene, QWidget* parent) : QWidget(parent), theme_(theme), scene_(scene) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    columns_ = makeSplitter(Qt::Horizontal, this);
    leftColumn_ = makeSplitter(Qt::Vertical, columns_);
    rightColumn_ = makeSplitter(Qt::Vertical, columns_);
    columns_->addWidget(leftColumn_);
    columns_->addWidget(rightColumn_);
    column->addWidget(columns_);
    for (const Plane plane : {Plane::XY, Plane::XZ, Plane::YZ}) {
        auto* view = new SliceView(theme_, scene_, plane, this);
        views_[std::size_t(plane)] = view;
        connect(view, &SliceView::pressed, this, &ViewGrid::pressed);
        connect(view, &SliceView::moved, this, &ViewGrid::moved);
        connect(view, &SliceView::released, this, &ViewGrid::released);
        connect(view, &SliceView::left, this, &ViewGrid::left);
        connect(view, &SliceView::brushSizeRequested, this, &ViewGrid::brushSizeRequested);
        connect(view, &SliceView::contextMenuRequested, this, &ViewGrid::contextMenuRequested);
        connect(view, &SliceView::voxelSizeRequested, this, &ViewGrid::voxelSizeRequested);
        connect(view, &SliceView::maximiseRequested, this, [this, view] { toggleMaximised(view); });
    }
    view3d_ = new View3D(theme_, this);
    connect(view3d_, &View3D::picked, this, &ViewGrid::objectPicked);
    connect(view3d_, &View3D::maximiseRequested, this, [this] { toggleMaximised(view3d_); });

    planes_ = new QTimer(this);
    planes_->setSingleShot(true);
    planes_->setInterval(120);
    connect(planes_, &QTimer::timeout, this, &ViewGrid::updatePlanes);
    const auto later = [this] {
        if (!planes_->isActive()) planes_->start();
    };
    connect(&scene_, &ViewScene::cursorChanged, this, later);
    connect(&scene_, &ViewScene::styleChanged, this, later);
    connect(&scene_, &ViewScene::styleChanged, this, [this] { view3d_->setSelected(scene_.look().selected); });
    connect(&scene_, &ViewScene::imageChanged, this, &ViewGrid::showImage);
    arrange();
    if (!scene_.empty()) showImage();
}

void ViewGrid::showImage() {
    if (scene_.empty()) {
        view3d_->clear();
        return;
    }
    view3d_->setVolume(scene_.shape(), scene_.spacing());
    view3d_->setSelected(scene_.look().selected);
    setLayoutFor(scene_.shape());
    planes_->start();
    unfitted_ = scene_.zoom();
    fitSoon();
}

// The whole volume at first, once sizes are known and unless somebody has gone somewhere by then.
void ViewGrid::fitSoon() {
    QTimer::singleShot(0, this, [this] {
        if (!isVisible() || !unfitted_) return;
        if (scene_.zoom() == *unfitted_) resetViews();
        unfitted_.reset();
    });
}

void ViewGrid::showEvent(QShowEvent*) { fitSoon(); }

ViewGrid::~ViewGrid() { scene_.workers().waitForDone(); }

void ViewGrid::setLayout(ViewLayout layout) {
    layout_ = layout;
    maximised_ = nullptr;
    arrange();
    Q_EMIT layoutChanged();
}

void ViewGrid::setLayoutFor(Index shape) {
    setLayout(shape.z < 2 ? ViewLayout::Slice : shape.z < 40 ? ViewLayout::Thin : ViewLayout::Grid);
}

void ViewGrid::toggleMaximised(QWidget* view) {
    maximised_ = maximised_ || !view ? nullptr : view;
    arrange();
    Q_EMIT layoutChanged();
}

void ViewGrid::arrange() {
    SliceView &xy = view(Plane::XY), &xz = view(Plane::XZ), &yz = view(Plane::YZ);
    // Where the four views live: column and share of its height.
    const bool thin = layout_ == ViewLayout::Thin;
    leftColumn_->addWidget(&xy);
    if (thin) {
        rightColumn_->addWidget(&yz);
        rightColumn_->addWidget(&xz);
    } else {
        leftColumn_->addWidget(&xz);
        rightColumn_->addWidget(&yz);
    }
    rightColumn_->addWidget(view3d_);
    const bool grid = layout_ == ViewLayout::Grid || thin;
    const auto show = [this](QWidget* widget, bool visible) {
        widget->setVisible(maximised_ ? widget == maximised_ : visible);
    };
    show(&xy, layout_ != ViewLayout::Only3D);
    show(&xz, grid);
    show(&yz, grid);
    show(view3d_, layout_ != ViewLayout::Slice);
    xz.setCompact(true);
    yz.setCompact(true);
    for (QSplitter* columnOfViews : {leftColumn_, rightColumn_}) {
        bool any = false;
        for (int i = 0; i < columnOfViews->count(); ++i) any = any || !columnOfViews->widget(i)->isHidden();
        columnOfViews->setVisible(any);
    }
    const int wide = 6000;
    leftColumn_->setSizes({wide * 60 / 100, wide * 40 / 100});
    if (thin)
        rightColumn_->setSizes({wide * 28 / 100, wide * 22 / 100, wide * 50 / 100});
    else
        rightColumn_->setSizes({wide * 60 / 100, wide * 40 / 100});
    const int share = thin ? 70 : 61;
    columns_->setSizes({wide * share / 100, wide * (100 - share) / 100});
}

SliceView& ViewGrid::activeView() {
    for (SliceView* view : views_)
        if (view->isVisible() && view->hasPointer()) return *view;
    for (SliceView* view : views_)
        if (view->isVisible() && view->hasFocus()) return *view;
    return view(Plane::XY);
}

void ViewGrid::resetViews() {
    for (SliceView* view : views_)
        if (view->isVisible()) {
            view->fit();
            break;
        }
    view3d_->resetCamera();
}

void ViewGrid::setPanning(bool panning) {
    for (SliceView* view : views_) view->setPanning(panning);
}

bool ViewGrid::ready() const {
    for (const SliceView* view : views_)
        if (view->isVisible() && !view->ready()) return false;
    return view3d_->ready();
}

// Slice textures of the 3D view, composed on the workers at a small size. A thin stack shows XY alone: the others would
// hide it.
void ViewGrid::updatePlanes() {
    if (scene_.empty() || !openGlWorks()) return;
    auto style = std::make_shared<TileStyle>(*scene_.style());
    style->labels = {};
    style->preview.reset();
    style->prediction.reset();
    style->imageOpacity = 1;
    const Index shape = scene_.shape();
    for (const Plane plane : {Plane::XY, Plane::XZ, Plane::YZ}) {
        if (plane != Plane::XY && shape.z < 40) {
            view3d_->setSlice(plane, 0, {});
            continue;
        }
        const PlaneAxes a = axesOf(plane);
        const double scale = std::min(1.0, double(planeTextureSide) / double(std::max(shape[a.u], shape[a.v])));
        TileRequest request;
        request.plane = plane;
        request.slice = scene_.slice(plane);
        request.pixels =
            QRect(0, 0, std::max(1, int(double(shape[a.u]) * scale)), std::max(1, int(double(shape[a.v]) * scale)));
        request.perVoxelU = double(request.pixels.width()) / double(shape[a.u]);
        request.perVoxelV = double(request.pixels.height()) / double(shape[a.v]);
        scene_.workers().start(
            [this, style, request] {
                QImage image;
                try {
                    image = composeTile(*style, request);
                } catch (const std::exception&) {
                    return;  // the slice view says why
                }
                QMetaObject::invokeMethod(
                    this,
                    [this, style, request, image] {
                        if (scene_.image() == style->image) view3d_->setSlice(request.plane, request.slice, image);
                    },
                    Qt::QueuedConnection);
            },
            -1);
    }
}

}  // namespace fovea::ui
