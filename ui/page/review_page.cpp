#include "ui/page/review_page.h"

#include <QAbstractButton>
#include <QApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPointer>
#include <QSplitter>
#include <cmath>
#include <utility>

#include "ui/actions.h"
#include "ui/page/review_prompts.h"
#include "ui/panel/layers_panel.h"
#include "ui/panel/review_panel.h"
#include "ui/panel/voxel_size_form.h"
#include "ui/theme/theme.h"
#include "ui/view/scale_bar.h"
#include "ui/view/slice_view.h"
#include "ui/view/view3d.h"
#include "ui/widget/tool_strip.h"
#include "zarr/ome_zarr.h"

namespace fovea::ui {

using labels::Object;
using labels::State;

namespace {

constexpr int leftWidth = 252, rightWidth = 352, leastLeft = 220, leastRight = 340;
constexpr int tapMs = 250, flashMs = 180;
constexpr std::int64_t mostLookedThrough = std::int64_t(1) << 20;  // voxels, a few ms
constexpr double unshownSide = 320;                                // pixels, of a view that has no size yet

QString shapeText(Index shape) { return QString("%1 × %2 × %3").arg(shape.z).arg(shape.y).arg(shape.x); }

}  // namespace

ReviewPage::ReviewPage(Theme& theme, Actions& actions, Workspace& workspace, QWidget* parent)
    : QWidget(parent), theme_(theme), actions_(actions), workspace_(workspace) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    makeToolStrip(actions);
    row->addWidget(strip_);
    splitter_ = new QSplitter;
    splitter_->setHandleWidth(1);
    splitter_->setChildrenCollapsible(false);
    layers_ = new LayersPanel(theme, scene_);
    grid_ = new ViewGrid(theme, scene_);
    panel_ = new ReviewPanel(theme, actions, scene_);
    prompts_ = std::make_unique<ReviewPrompts>(theme, actions, workspace, scene_, grid_);
    connect(prompts_.get(), &ReviewPrompts::changed, this, &ReviewPage::placeFloating);
    makeSizeForm();
    const auto sizeDocks = [this] {  // what is in them must not be clipped with large text
        layers_->setMinimumWidth(theme_.size(leastLeft));
        panel_->setMinimumWidth(theme_.size(leastRight));
    };
    sizeDocks();
    connect(&theme, &Theme::changed, this, sizeDocks);
    splitter_->addWidget(layers_);
    splitter_->addWidget(grid_);
    splitter_->addWidget(panel_);
    splitter_->setStretchFactor(1, 1);
    splitter_->setSizes({leftWidth, 1000, rightWidth});
    row->addWidget(splitter_, 1);

    connect(layers_, &LayersPanel::volumeChosen, this, &ReviewPage::openCase);
    connect(layers_, &LayersPanel::addVolume, this, [this] { actions_.trigger("file.open_image"); });
    connect(layers_, &LayersPanel::colourByState, this, [this](bool byState) {
        colourByState_ = byState;
        showLook();
    });
    connect(panel_, &ReviewPanel::objectChosen, this, [this](std::int32_t id) {
        if (!review_) return;
        prompts_->commit();
        review_->setCurrent(id);
    });
    connect(panel_, &ReviewPanel::sliceChosen, this, [this](std::int64_t z) { scene_.setSlice(Plane::XY, z); });
    connect(grid_, &ViewGrid::moved, this, &ReviewPage::showReadings);
    connect(grid_, &ViewGrid::layoutChanged, this, &ReviewPage::placeFloating, Qt::QueuedConnection);
    connect(grid_, &ViewGrid::objectPicked, this, [this](std::int32_t id) {
        if (review_) review_->setCurrent(id);
    });
    flash_.setSingleShot(true);
    connect(&flash_, &QTimer::timeout, this, [this] {
        if (review_) showLook();
    });
    actions.attach("review", this);
    bindActions(actions);
    bindReviewActions(actions);
    qApp->installEventFilter(this);
}

ReviewPage::~ReviewPage() {
    qApp->removeEventFilter(this);
    closeCase();
    delete splitter_;  // the views in it use scene_, which goes before the children of a widget would
}

void ReviewPage::makeSizeForm() {
    sizeForm_ = new VoxelSizeForm(theme_, grid_);
    connect(grid_, &ViewGrid::voxelSizeRequested, this, &ReviewPage::askVoxelSize);
    connect(sizeForm_, &VoxelSizeForm::given, this, [this](const Vec3& um) {
        setFocus();
        if (!review_ || (scene_.spacingKnown() && um == scene_.spacing())) return;
        prompts_->commit();  // the image is opened again
        workspace_.setVoxelSize(review_->caseId(), um);
    });
    connect(sizeForm_, &VoxelSizeForm::leftOpen, this, [this] {
        setFocus();
        if (review_) inVoxels_.insert(review_->caseId());
        Q_EMIT progressChanged();
    });
    connect(&workspace_, &Workspace::voxelSizeChanged, this, [this](const QString& id) {
        if (review_ && QString::fromStdString(review_->caseId()) == id) openCase(id);
    });
    connect(&workspace_, &Workspace::chainStarted, this, [this] { sizeForm_->setBusy(true); });
    connect(&workspace_, &Workspace::chainFinished, this, [this] { sizeForm_->setBusy(workspace_.running()); });
}

void ReviewPage::askVoxelSize() {
    if (!review_) return;
    placeFloating();
    sizeForm_->ask(scene_.shape(), scene_.spacingKnown() ? std::optional(scene_.spacing()) : std::nullopt);
}

bool ReviewPage::voxelSizeMissing() const {
    return review_ && !scene_.spacingKnown() && !inVoxels_.contains(review_->caseId());
}

void ReviewPage::makeToolStrip(Actions& actions) {
    strip_ = new ToolStrip(theme_);
    const auto add = [&](const char* tool) {
        const QString id = QString("tool.") + tool;
        QAction* action = actions.action(id);
        QString icon;
        for (const ActionRow& row : actionTable())
            if (id == row.id) icon = row.icon;
        strip_->add(tool, icon, action->text(), action->shortcut().toString());
    };
    add("select");
    add("pan");
    strip_->addSeparator();
    add("point");
    add("box");
    add("scribble");
    add("lasso");
    strip_->addSeparator();
    add("brush");
    add("erase");
    add("fill");
    add("pick");
    strip_->addStretch();
    strip_->add("undo", "undo", actions.action("edit.undo")->text(), {}, false);
    strip_->add("redo", "redo", actions.action("edit.redo")->text(), {}, false);
    connect(strip_, &ToolStrip::chosen, this, [this](const QString& id) {
        if (id == "undo" || id == "redo")
            actions_.trigger("edit." + id);
        else if (tools_)
            tools_->choose(id);
    });
}

void ReviewPage::bindActions(Actions& actions) {
    for (const char* tool : {"select", "pan", "point", "box", "scribble", "lasso", "brush", "erase", "fill", "pick"})
        actions.on(QString("tool.") + tool, [this, tool] {
            if (tools_) tools_->choose(tool);
        });
    const auto step = [this](int by) { scene_.setSlice(Plane::XY, scene_.slice(Plane::XY) + by); };
    actions.on("slice.previous", [step] { step(-1); });
    actions.on("slice.next", [step] { step(1); });
    actions.on("slice.back_ten", [step] { step(-10); });
    actions.on("slice.forward_ten", [step] { step(10); });
    // Down changes at once; filterKey() changes back when the key was held.
    actions.on("view.peek", [this] {
        peekShown_ = scene_.look().visible;
        peek_.start();
        peeking_ = true;
        scene_.setLabelsVisible(!peekShown_);
    });
    actions.on("view.outline_only", [this] {
        LabelLook look = scene_.look();
        look.fill = look.fill > 0 ? 0 : 0.26;
        scene_.setLook(look);
    });
    actions.on("view.centre_object", [this] {
        near3d_ = false;
        showCurrent(true);
    });
    actions.on("view.reset", [this] { grid_->resetViews(); });
    actions.on("view.layout_grid", [this] { grid_->setLayout(ViewLayout::Grid); });
    actions.on("view.layout_slice", [this] { grid_->setLayout(ViewLayout::Slice); });
    actions.on("view.layout_slice_3d", [this] { grid_->setLayout(ViewLayout::SliceAnd3D); });
    actions.on("view.crosshair", [this] { scene_.setCrosshairVisible(!scene_.crosshairVisible()); });
    actions.on("view.auto_contrast", [this] {
        if (!scene_.empty()) scene_.setContrast(scene_.autoContrast());
    });
    actions.on("brush.smaller", [this] {
        if (tools_) tools_->brushSteps(-1);
    });
    actions.on("brush.larger", [this] {
        if (tools_) tools_->brushSteps(1);
    });
    actions.on("brush.ball", [this] {
        if (tools_) tools_->setBall(!tools_->brush().ball);
        showHints();
    });
}

void ReviewPage::bindReviewActions(Actions& actions) {
    const auto on = [&](const char* id, void (*f)(ReviewPage&)) {
        actions.on(id, [this, f] {
            if (!review_) return;
            try {
                f(*this);
            } catch (const Error& error) {  // an accepted object, a full disk: said where one looks
                scene_.say(QString::fromStdString(error.what()));
            }
        });
    };
    on("review.accept", [](ReviewPage& p) {
        p.prompts_->commit();
        p.review_->accept(true);
    });
    on("review.accept_stay", [](ReviewPage& p) {
        p.prompts_->commit();
        p.review_->accept(false);
    });
    on("review.reject", [](ReviewPage& p) { p.review_->verdict(State::WrongShape, true); });
    on("review.nothing", [](ReviewPage& p) { p.review_->verdict(State::NothingHere, true); });
    on("review.unsure", [](ReviewPage& p) { p.review_->verdict(State::Unsure, true); });
    on("review.skip", [](ReviewPage& p) { p.review_->next(); });
    on("review.reopen", [](ReviewPage& p) { p.review_->reopen(); });
    on("review.next", [](ReviewPage& p) { p.review_->next(); });
    on("review.previous", [](ReviewPage& p) { p.review_->previous(); });
    on("review.patch_done", [](ReviewPage& p) {
        if (p.prompts_->commit()) return;  // Return finishes what is open first
        if (const auto patch = p.review_->patchAt(p.scene_.cursor()))
            p.review_->markPatchDone(*patch);
        else
            p.scene_.say(tr("Only chosen patches can be marked complete; this place is in none."));
    });
    on("edit.undo", [](ReviewPage& p) { p.review_->undo(); });
    on("edit.redo", [](ReviewPage& p) { p.review_->redo(); });
    on("object.new", [](ReviewPage& p) {
        p.prompts_->commit();
        p.review_->startNewObject();
    });
    on("draw.cancel", [](ReviewPage& p) {
        if (!p.tools_ || !p.tools_->dropGesture()) p.prompts()->cancel();
    });
    on("object.delete", [](ReviewPage& p) { p.review_->remove(); });
    on("prompt.flip", [](ReviewPage& p) {
        p.tools_->flipPrompts();
        p.showHints();
    });
}

void ReviewPage::reload() {
    closeCase();
    if (project::Project* project = workspace_.project())
        if (const auto ids = project->caseIds(); !ids.empty()) openCase(QString::fromStdString(ids.front()));
    showVolumes();
}

void ReviewPage::openCase(const QString& id) {
    if (!workspace_.project() || opening_ == id) return;
    opening_ = id;
    // Opening may decode a whole file: on a worker, the page goes on showing what it shows.
    auto image = std::make_shared<ImagePtr>();
    QPointer<ReviewPage> guard(this);
    workspace_.jobs().submit(JobRequest{
        Text(FOVEA_TR("Open {case}"), {{"case", id.toStdString()}}),
        Lane::Read,
        [image, project = workspace_.sharedProject(), name = id.toStdString()](Job&) { *image = project->image(name); },
        [guard, image, id](const Outcome& outcome) {
            if (!guard || guard->opening_ != id) return;
            guard->opening_.clear();
            if (outcome.state == JobState::Done) guard->adopt(id, *image);
            if (outcome.state == JobState::Failed) Q_EMIT guard->failed(QString::fromStdString(outcome.error));
        },
        {},
        false});
}

void ReviewPage::adopt(const QString& id, ImagePtr image) {
    closeCase();
    try {
        review_ = std::make_unique<ReviewSession>(*workspace_.project(), *workspace_.artifacts(), id.toStdString(),
                                                  std::move(image));
    } catch (const Error& error) {
        Q_EMIT failed(QString::fromStdString(error.what()));
        return;
    }
    workspace_.follow(review_->sharedEdits());
    prompts_->open(*review_);
    target_ = std::make_unique<LabelEditTarget>(*review_, *prompts_->session(), scene_);
    tools_ = std::make_unique<ToolBox>(*target_);
    wire();
    scene_.setImage(review_->image());
    scene_.setLabels([edits = review_->sharedEdits()](const Box& box) { return edits->layer().read(box); });
    grid_->setLayoutFor(scene_.shape());
    grid_->view3d().setVolume(scene_.shape(), scene_.spacing());
    surfaces_ = std::make_unique<SurfaceFeeder>(*review_, grid_->view3d(), workspace_.jobs());
    surfaces_->refreshAll();
    const Vec3 s = scene_.spacing();
    tools_->setBrushRadius(8 * std::min(s.y, s.x));
    panel_->setSession(review_.get(), prompts_->session());
    showLook();
    showVolumes();
    showPrediction();
    near3d_ = false;
    centreDue_ = true;
    showCurrent(true);
    centreSoon();
    showHints();
    for (const std::string& problem : review_->edits().problems()) Q_EMIT failed(QString::fromStdString(problem));
    Q_EMIT progressChanged();
}

void ReviewPage::wire() {
    connect(review_.get(), &ReviewSession::currentChanged, this, [this] { showCurrent(true); });
    connect(review_.get(), &ReviewSession::said, &scene_, &ViewScene::say);
    connect(review_.get(), &ReviewSession::progressChanged, this, [this] {
        showVolumes();
        Q_EMIT progressChanged();
    });
    connect(review_.get(), &ReviewSession::edited, this, [this](const labels::Change& change) {
        if (change.everything)
            scene_.labelsChanged(Box::of(scene_.shape()));
        else if (!change.box.empty())
            scene_.labelsChanged(change.box);
        showCurrent(false);
    });
    connect(review_.get(), &ReviewSession::rowsChanged, this, &ReviewPage::showLook);
    connect(review_.get(), &ReviewSession::refreshDue, this, &ReviewPage::refreshLabels, Qt::QueuedConnection);
    connect(review_.get(), &ReviewSession::judged, this, &ReviewPage::flash);
    tools_->connectTo(*grid_);
    connect(grid_, &ViewGrid::brushSizeRequested, tools_.get(), [this](int steps) { tools_->brushSteps(steps); });
    connect(tools_.get(), &ToolBox::toolChanged, this, [this](const QString& id) {
        strip_->setCurrent(id);
        prompts_->setTool(id);
        showHints();
    });
    connect(tools_.get(), &ToolBox::brushChanged, this, [this] {
        if (tools_->current().showsBrush()) scene_.setBrushRadius(tools_->brush().radiusUm);
    });
    strip_->setCurrent(tools_->current().id());
}

void ReviewPage::closeCase() {
    // Order matters: workers stop reading the layer before it dies.
    panel_->setSession(nullptr, nullptr);
    sizeForm_->hide();
    surfaces_.reset();
    tools_.reset();
    target_.reset();
    prompts_->close();
    scene_.release();
    grid_->view3d().clear();
    review_.reset();
}

void ReviewPage::refreshLabels() {
    if (!review_) return reload();
    try {
        review_->refreshBase();
        if (surfaces_) surfaces_->refreshAll();
        showPrediction();
    } catch (const Error& error) {
        Q_EMIT failed(QString::fromStdString(error.what()));
    }
}

PromptSession* ReviewPage::prompts() { return prompts_->session(); }

void ReviewPage::showCurrent(bool centre) {
    if (!review_) return;
    const Object* object = review_->currentObject();
    scene_.setSelected(object ? std::set<std::int32_t>{object->id} : std::set<std::int32_t>{});
    grid_->view3d().setSelected(object ? std::set<std::int32_t>{object->id} : std::set<std::int32_t>{});
    const bool seen = object && !object->box.empty();
    scene_.setObjectBox(seen ? std::optional<Box>(object->box) : std::nullopt,
                        object ? objectColour(object->colour) : 0);
    const auto patch = review_->patchAt(scene_.cursor());
    if (centre && seen) {
        if (prompts()->state() != PromptState::Idle) prompts()->drop();
        goTo(object->box);
    }
    scene_.setFocusBox(review_->order() == project::ReviewOrder::ByPatch ? patch : std::nullopt);
}

// The voxel of the current object nearest to the middle of its box, so that every slice through it shows the object;
// nothing for boxes that would take long to look through.
std::optional<Index> ReviewPage::insideNear(const Box& box) const {
    if (box.count() > mostLookedThrough || !review_->current()) return std::nullopt;
    const Volume<std::int32_t> labels = review_->edits().layer().read(box);
    const Vec3 s = scene_.spacing();
    const Index n = box.extent();
    std::optional<Index> best;
    double least = 0;
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x) {
                if (labels(z, y, x) != *review_->current()) continue;
                const double dz = double(z - n.z / 2) * s.z, dy = double(y - n.y / 2) * s.y,
                             dx = double(x - n.x / 2) * s.x;
                const double far = dz * dz + dy * dy + dx * dx;
                if (!best || far < least) best = box.begin + Index{z, y, x}, least = far;
            }
    return best;
}

// To the middle of every view. The slices come near each time; the 3D view once, then it keeps the person's distance.
void ReviewPage::goTo(const Box& box) {
    const QWidget& view = grid_->view(Plane::XY);
    const bool sized = view.isVisible() && isVisible();
    if (!sized) centreDue_ = true;
    scene_.showBox(box, insideNear(box), sized ? std::min(view.width(), view.height()) : unshownSide);
    grid_->view3d().focusOn(box, !std::exchange(near3d_, true));
}

// Once the layout has given the views their sizes.
void ReviewPage::centreSoon() {
    QTimer::singleShot(0, this, [this] {
        if (!isVisible() || !std::exchange(centreDue_, false) || !review_) return;
        if (prompts()->state() == PromptState::Idle) showCurrent(true);
    });
}

void ReviewPage::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    prompts_->setSeen(true);
    centreSoon();
}

void ReviewPage::hideEvent(QHideEvent* event) {
    QWidget::hideEvent(event);
    prompts_->setSeen(false);
}

// Over the largest slice that is shown.
void ReviewPage::placeFloating() {
    const SliceView* largest = nullptr;
    for (const Plane plane : {Plane::XY, Plane::XZ, Plane::YZ}) {
        const SliceView& view = grid_->view(plane);
        const auto area = [](const SliceView& v) { return std::int64_t(v.width()) * v.height(); };
        if (view.isVisible() && (!largest || area(view) > area(*largest))) largest = &view;
    }
    const QRect place = largest ? QRect(largest->mapTo(grid_, QPoint(0, 0)), largest->size()) : QRect();
    prompts_->setPlace(place);
    sizeForm_->setPlace(place.isEmpty() ? grid_->rect() : place);
}

void ReviewPage::showLook() {
    LabelLook look = scene_.look();
    look.objects.clear();
    for (const auto& [id, object] : review_->edits().objects()) {
        ObjectLook& one = look.objects[id];
        one.colour = objectColour(object.colour);
        one.dashed = object.state == State::Unsure;
        if (!colourByState_) continue;
        const QString token = stateToken(object.state);
        one.colour = theme_
                         .colour(token == "ok"     ? Token::Ok
                                 : token == "warn" ? Token::Warn
                                 : token == "bad"  ? Token::Bad
                                                   : Token::Muted)
                         .rgb();
    }
    scene_.setLook(std::move(look));
}

// What the newest model saw in this volume, as a layer that can be looked at.
void ReviewPage::showPrediction() {
    const auto folder =
        workspace_.artifacts()->newest("probabilities", review_->caseId(), workspace_.project()->activeRound());
    try {
        scene_.setPrediction(folder ? zarr::open(*folder / "probability.zarr") : nullptr);
    } catch (const Error& error) {
        scene_.setPrediction(nullptr);
        Q_EMIT failed(QString::fromStdString(error.what()));
    }
}

void ReviewPage::showVolumes() {
    QList<VolumeRow> rows;
    QString facts;
    if (project::Project* project = workspace_.project()) {
        for (const auto& c : project->cases()) {
            VolumeRow row{QString::fromStdString(c.id), {}, false};
            if (review_ && review_->caseId() == c.id) {
                const ReviewProgress progress = review_->progress();
                row.current = true;
                row.detail = progress.total > 0 ? QString("%1 / %2").arg(progress.reviewed()).arg(progress.total)
                                                : tr("no objects yet");
                const Vec3 s = scene_.spacing();
                facts = tr("z y x %1\n").arg(shapeText(c.shape));
                facts += scene_.spacingKnown()
                             ? tr("voxel %1 × %2 × %3").arg(lengthText(s.z), lengthText(s.y), lengthText(s.x))
                             : tr("voxel size unknown, drawn as cubes");
            }
            rows << row;
        }
    }
    layers_->setVolumes(rows, facts);
}

void ReviewPage::showReadings(const SliceEvent& event) {
    QStringList readings;
    if (review_ && event.inside) {
        const Vec3 s = scene_.spacing();
        readings << tr("x %1 y %2 z %3 µm")
                        .arg(event.voxel.x * s.x, 0, 'f', 2)
                        .arg(event.voxel.y * s.y, 0, 'f', 2)
                        .arg(event.voxel.z * s.z, 0, 'f', 2);
        if (const std::int32_t id = target_->objectAt(event.at)) readings << tr("object %1").arg(id);
    }
    Q_EMIT readingsChanged(readings);
}

void ReviewPage::showHints() {
    if (!tools_) return;
    scene_.setBrushRadius(tools_->current().showsBrush() ? tools_->brush().radiusUm : 0);
    auto hints = tools_->current().hints();
    hints << std::pair(tr("Wheel"), tr("slice")) << std::pair(tr("Ctrl wheel"), tr("zoom"))
          << std::pair(tr("Space"), tr("hold to pan")) << std::pair(tr("V"), tr("hold to peek"));
    Q_EMIT hintsChanged(hints);
}

// Keys in the page itself and its views; a button or a field keeps its own Space.
bool ReviewPage::keysAreOurs(QObject* watched) const {
    const auto* widget = qobject_cast<QWidget*>(watched);
    if (!widget || !isVisible() || qobject_cast<const QAbstractButton*>(widget)) return false;
    return (widget == this || grid_->isAncestorOf(widget)) && !sizeForm_->isAncestorOf(widget);
}

// Space held pans; V held hides (or shows) the labels only as long as it is down. True: the key went no further.
bool ReviewPage::filterKey(QKeyEvent& event, bool down) {
    if (event.key() == Qt::Key_V && !down && !event.isAutoRepeat() && std::exchange(peeking_, false)) {
        if (peek_.elapsed() > tapMs) scene_.setLabelsVisible(peekShown_);
        return false;
    }
    if (event.key() != Qt::Key_Space || event.modifiers() != Qt::NoModifier) return false;
    if (event.isAutoRepeat()) return true;
    if (down == spacePan_) return true;
    spacePan_ = down;
    grid_->setPanning(down || (tools_ && tools_->current().pans()));
    return true;
}

// The verdict shows for a moment while the next object comes.
void ReviewPage::flash(std::int32_t id, labels::State state) {
    const QString token = stateToken(state);
    const Token tone = token == "ok"     ? Token::Ok
                       : token == "warn" ? Token::Warn
                       : token == "bad"  ? Token::Bad
                                         : Token::Muted;
    panel_->flash(state);
    if (theme_.reducedMotion()) return;
    LabelLook look = scene_.look();
    look.objects[id].colour = theme_.colour(tone).rgb();
    scene_.setLook(std::move(look));
    flash_.start(flashMs);
}

bool ReviewPage::eventFilter(QObject* watched, QEvent* event) {
    const auto type = event->type();
    if (type == QEvent::Resize && qobject_cast<SliceView*>(watched)) placeFloating();
    if ((type == QEvent::KeyPress || type == QEvent::KeyRelease) && keysAreOurs(watched) &&
        filterKey(*static_cast<QKeyEvent*>(event), type == QEvent::KeyPress))
        return true;
    if (review_ && (type == QEvent::KeyPress || type == QEvent::MouseButtonPress || type == QEvent::Wheel))
        review_->noteActivity();
    if (tools_ && type == QEvent::KeyRelease && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Control)
        tools_->current().controlReleased();
    return QWidget::eventFilter(watched, event);
}

}  // namespace fovea::ui
