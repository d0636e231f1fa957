// Shows the widgets and views with an invented volume, for looking at: ui_demo [--light] [--grid] [--train]
// [--scale 1.4]; ui_demo --picture FILE draws the picture of the start page (an invented volume as well).
#include <QApplication>
#include <QComboBox>
#include <QElapsedTimer>
#include <QHeaderView>
#include <QMainWindow>
#include <QMenuBar>
#include <QPushButton>
#include <QTableWidget>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <map>

#include "data/synthetic.h"
#include "tests/ui/demo_mesh.h"
#include "ui/theme/theme.h"
#include "ui/view/slice_view.h"
#include "ui/view/view3d.h"
#include "ui/view/view_grid.h"
#include "ui/widget/chip.h"
#include "ui/widget/controls.h"
#include "ui/widget/flow_bar.h"
#include "ui/widget/hint_bar.h"
#include "ui/widget/histogram.h"
#include "ui/widget/job_tray.h"
#include "ui/widget/key_cap.h"
#include "ui/widget/labels.h"
#include "ui/widget/notification_strip.h"
#include "ui/widget/plot.h"
#include "ui/widget/progress_strip.h"
#include "ui/widget/tool_strip.h"

using namespace fovea;
using namespace fovea::ui;

namespace {

QFrame* panel(int width) {
    auto* frame = new QFrame;
    frame->setProperty("kind", "panel");
    frame->setFixedWidth(width);
    auto* column = new QVBoxLayout(frame);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    return frame;
}

QVBoxLayout* padded(QWidget* parent) {
    auto* box = new QVBoxLayout;
    box->setContentsMargins(12, 4, 12, 12);
    box->setSpacing(8);
    static_cast<QVBoxLayout*>(parent->layout())->addLayout(box);
    return box;
}

ToolStrip* toolStrip(Theme& theme) {
    auto* strip = new ToolStrip(theme);
    strip->add("select", "cursor", "Select", "Q");
    strip->add("pan", "move", "Move and zoom", "Z");
    strip->addSeparator();
    strip->add("point", "point", "Point prompt", "7");
    strip->addSeparator();
    strip->add("brush", "brush", "Brush", "2");
    strip->add("erase", "eraser", "Eraser", "1");
    strip->add("fill", "fill", "Fill", "4");
    strip->add("pick", "pick", "Pick object", "5");
    strip->addStretch();
    strip->add("undo", "undo", "Undo", {}, false);
    strip->add("redo", "redo", "Redo", {}, false);
    strip->setCurrent("point");
    strip->setReason("redo", "Nothing to redo");
    return strip;
}

QWidget* leftDock(Theme& theme, ViewScene& scene) {
    QFrame* dock = panel(252);
    auto* column = static_cast<QVBoxLayout*>(dock->layout());
    auto* volumes = new SectionHeader("Volumes");
    volumes->addRight(makeIconButton(theme, "plus", "Add a volume"));
    column->addWidget(volumes);
    auto* list = padded(dock);
    list->addWidget(makeLabel("synthetic_em", "strong"));
    auto* strip = new ProgressStrip(theme, nullptr, 4);
    strip->setParts({{24, Token::Ok, "accepted"}, {3, Token::Warn, "unsure"}, {1, Token::Bad, "rejected"}}, 60);
    list->addWidget(strip);
    list->addWidget(makeParagraph("z y x 24 × 512 × 512\nvoxel 50 × 5 × 5 nm", "hint"));
    column->addWidget(makeLine());
    auto* labels = new SectionHeader("Labels");
    labels->addRight(makeLabel("hold", "hint"));
    labels->addRight(new KeyCap(theme, "V"));
    labels->addRight(makeLabel("to peek", "hint"));
    column->addWidget(labels);
    auto* look = padded(dock);
    auto* fillRow = new SliderRow(theme, "Fill", 0, 100, 26, 0, " %");
    look->addWidget(fillRow);
    look->addWidget(new SliderRow(theme, "Outline", 0, 4, 1.5, 1, " px"));
    look->addWidget(new SegmentedControl(theme, {"Object", "State", "Score"}));
    QObject::connect(fillRow, &SliderRow::valueChanged, &scene, [&scene](double value) {
        LabelLook l = scene.look();
        l.fill = value / 100;
        scene.setLook(l);
    });
    column->addWidget(makeLine());
    auto* image = new SectionHeader("EM image");
    image->addRight(makeButton(theme, "Auto", "ghost"));
    column->addWidget(image);
    auto* contrast = padded(dock);
    auto* histogram = new Histogram(theme);
    const auto counts = scene.greyCounts();
    histogram->setCounts(counts.counts, counts.low, counts.high);
    histogram->setWindow(scene.contrast().low, scene.contrast().high);
    QObject::connect(histogram, &Histogram::windowChanged, &scene, [&scene](double low, double high) {
        Contrast c = scene.contrast();
        c.low = low, c.high = high;
        scene.setContrast(c);
    });
    contrast->addWidget(histogram);
    contrast->addWidget(new SliderRow(theme, "Gamma", 0.2, 5, 1, 2, "", true));
    auto* maps = new QComboBox;
    maps->addItems({"Grey", "Magma", "Viridis"});
    contrast->addWidget(maps);
    auto* invert = new QHBoxLayout;
    invert->addWidget(makeLabel("Invert", "muted"));
    invert->addStretch();
    invert->addWidget(new Toggle(theme));
    contrast->addLayout(invert);
    column->addStretch(1);
    return dock;
}

QWidget* rightDock(Theme& theme) {
    QFrame* dock = panel(352);
    auto* column = static_cast<QVBoxLayout*>(dock->layout());
    auto* queue = new SectionHeader("Review queue");
    queue->addRight(makeButton(theme, "By patch", "ghost", "down"));
    column->addWidget(queue);
    auto* progress = padded(dock);
    auto* strip = new ProgressStrip(theme);
    strip->setParts({{23, Token::Ok, "accepted"}, {2, Token::Warn, "unsure"}, {3, Token::Bad, "rejected"}}, 60);
    progress->addWidget(strip);
    auto* numbers = new QHBoxLayout;
    numbers->addWidget(makeLabel("28 of 60 reviewed", "strong"));
    numbers->addStretch();
    numbers->addWidget(makeLabel("0.4 min each · 13 min left", "small"));
    progress->addLayout(numbers);
    column->addWidget(makeLine());
    auto* card = padded(dock);
    auto* top = new QHBoxLayout;
    top->addWidget(makeLabel("Object 4", "heading"));
    auto* chip = new Chip(theme, "mitochondrion");
    chip->setClickable(true);
    chip->setMenuMark(true);
    top->addWidget(chip);
    top->addStretch();
    top->addWidget(makeLabel("score 0.58", "muted"));
    card->addLayout(top);
    card->addWidget(makeParagraph(
        "Outline unsure in slices 9 and 10: the area jumps by 38 % there. Touches accepted object 28.", "warn"));
    auto* verdicts = new QHBoxLayout;
    verdicts->setSpacing(6);
    verdicts->addWidget(new VerdictButton(theme, "Accept", "check", "A", "text", true), 3);
    verdicts->addWidget(new VerdictButton(theme, "Unsure", "flag", "U", "warn", false), 2);
    verdicts->addWidget(new VerdictButton(theme, "Reject", "x", "X", "bad", false), 2);
    verdicts->addWidget(new VerdictButton(theme, "Skip", "skip", "D", "muted", false), 2);
    card->addLayout(verdicts);
    card->addWidget(
        makeParagraph("Not right? Click where it is missing, right-click where it is too much, then A.", "small"));
    column->addWidget(makeLine());
    auto* objects = new SectionHeader("Objects");
    objects->setCount("60");
    objects->addRight(makeIconButton(theme, "search", "Find object"));
    objects->addRight(makeIconButton(theme, "dots", "More"));
    column->addWidget(objects);
    auto* table = new QTableWidget(14, 4);
    table->setHorizontalHeaderLabels({"Id", "State", "Score", "Slices"});
    table->verticalHeader()->hide();
    table->verticalHeader()->setDefaultSectionSize(28);
    table->setShowGrid(false);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    for (int i = 0; i < 14; ++i) {
        table->setItem(i, 0, new QTableWidgetItem(QString::number(i + 4)));
        table->setItem(i, 1,
                       new QTableWidgetItem(theme.icon(i < 6 ? "dots" : "check", i < 6 ? Token::Muted : Token::Ok),
                                            i < 6 ? "To review" : "Accepted"));
        table->setItem(i, 2, new QTableWidgetItem(QString::number(0.58 + i * 0.02, 'f', 2)));
        table->setItem(i, 3, new QTableWidgetItem("4–11"));
    }
    table->selectRow(0);
    column->addWidget(table, 1);
    return dock;
}

QWidget* trainPage(Theme& theme) {
    auto* page = new QWidget;
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(14);
    auto* card = new Card;
    auto* head = new QHBoxLayout;
    auto* words = new QVBoxLayout;
    words->addWidget(makeLabel("Round 2 is learning", "title"));
    words->addWidget(makeLabel("Epoch 31 of 50 · best so far epoch 27 · ready in about 4 min", "small"));
    head->addLayout(words, 1);
    head->addWidget(makeButton(theme, "Stop and keep the best", "plain", "stop"));
    head->addWidget(makeButton(theme, "Go on reviewing", "primary", "queue"));
    card->content()->addLayout(head);
    auto* bar = new ProgressStrip(theme);
    bar->setShare(0.62);
    card->content()->addWidget(bar);
    column->addWidget(card);
    auto* plots = new QHBoxLayout;
    plots->setSpacing(14);
    QVector<QPointF> learn, tune, dice, f1;
    for (int i = 0; i <= 30; ++i) {
        learn.push_back({double(i), 0.2 + 0.6 * std::exp(-i / 7.0) + 0.01 * std::sin(i * 3)});
        tune.push_back({double(i), 0.26 + 0.54 * std::exp(-i / 6.5) + 0.02 * std::sin(i * 5)});
        dice.push_back({double(i), 0.9 - 0.42 * std::exp(-i / 8.0) + 0.008 * std::sin(i * 3)});
        f1.push_back({double(i), 0.85 - 0.38 * std::exp(-i / 9.0) + 0.012 * std::sin(i * 4)});
    }
    auto* lossCard = new Card;
    auto* loss = new Plot(theme, "Loss, lower is better");
    loss->setCurves({{"learning", Token::Accent, false, learn}, {"tuning", Token::Warn, true, tune}});
    loss->setXRange(0, 50);
    loss->setYRange(0.0, {});
    loss->setFutureFrom(30);
    lossCard->content()->addWidget(loss);
    auto* scoreCard = new Card;
    auto* score = new Plot(theme, "Dice on tuning boxes, higher is better");
    score->setCurves({{"Dice", Token::Ok, false, dice}, {"F1 at IoU 0.5", Token::Accent, true, f1}});
    score->setXRange(0, 50);
    score->setYRange(0.4, 1.0);
    score->setFutureFrom(30);
    score->setBest(QPointF(27, dice[27].y()), "best 0.90");
    score->setReference(0.71, "F1 of round 1: 0.71");
    scoreCard->content()->addWidget(score);
    plots->addWidget(lossCard);
    plots->addWidget(scoreCard);
    column->addLayout(plots);
    auto* rows = new Card;
    rows->content()->addWidget(new ToggleRow(theme, "My clicks go first", "Learning waits while a prompt runs."));
    auto* second =
        new ToggleRow(theme, "Predict again what I have not accepted", "34 objects. Accepted ones stay as they are.");
    second->setChecked(true);
    rows->content()->addWidget(second);
    auto* chips = new QHBoxLayout;
    chips->addWidget(new Chip(theme, "ready · 28 ms", "check", Tone::Ok));
    chips->addWidget(new Chip(theme, "Not saved: disk full", "warn", Tone::Warn));
    chips->addWidget(new Chip(theme, "stopped", "x", Tone::Bad));
    chips->addWidget(new Chip(theme, "Round 2 · 62 %", "refresh", Tone::Accent));
    chips->addWidget(makeButton(theme, "Remove from disk…", "danger", "trash"));
    chips->addStretch();
    rows->content()->addLayout(chips);
    column->addWidget(rows);
    column->addStretch(1);
    return page;
}

}  // namespace

namespace {

std::map<std::int32_t, Box> boxesOf(const Volume<std::int32_t>& labels) {
    std::map<std::int32_t, Box> boxes;
    const Index n = labels.shape();
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x)
                if (const std::int32_t id = labels(z, y, x))
                    boxes[id] = boxes[id].united({{z, y, x}, {z + 1, y + 1, x + 1}});
    return boxes;
}

QImage waitForPicture(View3D& view) {
    QElapsedTimer clock;
    clock.start();
    while (clock.elapsed() < 60000 && (clock.elapsed() < 1500 || !view.ready())) QCoreApplication::processEvents();
    return view.picture();
}

// The same scene before the dark and before the light background tells what lies before neither.
QImage cutOut(const QImage& dark, const QImage& light, QColor darkBack, QColor lightBack) {
    QImage result(dark.size(), QImage::Format_ARGB32);
    const int span = lightBack.green() - darkBack.green();
    for (int y = 0; y < dark.height(); ++y)
        for (int x = 0; x < dark.width(); ++x) {
            const QColor a = dark.pixelColor(x, y);
            const double through = std::clamp(double(light.pixelColor(x, y).green() - a.green()) / span, 0.0, 1.0);
            const double cover = 1 - through;
            const auto own = [&](int value, int back) {
                return cover > 0.02 ? std::clamp(int(std::lround((value - through * back) / cover)), 0, 255) : 0;
            };
            result.setPixel(x, y,
                            qRgba(own(a.red(), darkBack.red()), own(a.green(), darkBack.green()),
                                  own(a.blue(), darkBack.blue()), int(std::lround(255 * cover))));
        }
    return result;
}

int drawPicture(Theme& theme, const QString& file) {
    const SyntheticSample sample = makeSample("em", {24, 512, 512}, 5);
    View3D view(theme);
    view.resize(1100, 720);
    view.show();
    const Index shape = sample.image.shape();
    view.setVolume(shape, sample.image.geometry.spacing);
    QImage section(int(shape.x), int(shape.y), QImage::Format_RGB32);
    const auto image = std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(sample.image)});
    const Volume<float> values = image->readAs<float>({{shape.z / 2, 0, 0}, {shape.z / 2 + 1, shape.y, shape.x}});
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    for (int y = 0; y < shape.y; ++y)
        for (int x = 0; x < shape.x; ++x) {
            const int grey = int((values(0, y, x) - *least) / (*most - *least) * 255);
            section.setPixel(x, y, qRgb(grey, grey, grey));
        }
    view.setSlice(Plane::XY, shape.z / 2, section);
    for (const auto& [id, box] : boxesOf(sample.truth))
        view.setSurface(id, demoMesh(sample.truth, id, sample.image.geometry.spacing), objectColour(birthSlot(id)));
    theme.setMode(ThemeMode::Dark);
    const QImage dark = waitForPicture(view);
    theme.setMode(ThemeMode::Light);
    const QImage light = waitForPicture(view);
    const QImage picture = cutOut(dark, light, tokenColour(Token::Canvas, true), tokenColour(Token::Canvas, false));
    return picture.save(file) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    chooseOpenGl();
    QApplication application(argc, argv);
    const QStringList arguments = application.arguments();
    Theme theme;
    theme.setMode(arguments.contains("--light") ? ThemeMode::Light : ThemeMode::Dark);
    if (const int at = int(arguments.indexOf("--scale")); at > 0)
        theme.setTextScale(arguments.value(at + 1).toDouble());
    theme.apply(application);

    if (const int at = int(arguments.indexOf("--picture")); at > 0) return drawPicture(theme, arguments.value(at + 1));
    const bool deep = arguments.contains("--nuclei");
    const SyntheticSample sample = deep ? makeSample("nuclei", {64, 160, 160}, 3) : makeSample("em", {24, 512, 512}, 3);
    ViewScene scene;
    scene.setImage(std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(sample.image)}));
    scene.setLabels([&sample](const Box& box) { return crop(sample.truth, box); });

    QMainWindow window;
    window.resize(1600, 960);
    for (const char* name : {"File", "Edit", "View", "Object", "Prompts", "Review", "Train", "Tools", "Window", "Help"})
        window.menuBar()->addMenu(name);
    auto* corner = new QWidget;
    auto* row = new QHBoxLayout(corner);
    row->setContentsMargins(0, 0, 12, 0);
    auto* jobs = new JobChip(theme);
    JobInfo job;
    job.id = 1;
    job.title = "Round 2";
    job.state = JobState::Running;
    job.share = 0.62;
    job.secondsLeft = 240;
    jobs->setJobs({job});
    row->addWidget(jobs);
    row->addWidget(new Chip(theme, "All saved", "check", Tone::Ok));
    row->addWidget(new Chip(theme, "Processor", "gpu"));
    window.menuBar()->setCornerWidget(corner);

    auto* central = new QWidget;
    auto* column = new QVBoxLayout(central);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* flow = new FlowBar(theme);
    flow->setStep(0, StepState::Done, "1 volume");
    flow->setStep(1, StepState::Done, "classical · 60 objects");
    flow->setStep(2, StepState::Partly, "8 patches");
    flow->setStep(3, StepState::Partly, "28 of 60");
    flow->setStep(4, StepState::OutOfDate, "round 2");
    flow->setStep(5, StepState::Open, "labels, tables, model");
    flow->setCurrent(arguments.contains("--train") ? 4 : 3);
    flow->setNext("23 accepted objects ready to learn from", "Fine-tune now");
    column->addWidget(flow);
    auto* strip = new NotificationStrip(theme);
    column->addWidget(strip);
    if (arguments.contains("--notice"))
        strip->say(Tone::Warn, "The voxel size is missing. The TIFF does not carry it, so volumes would be wrong.",
                   "Set it now");
    auto* body = new QHBoxLayout;
    body->setSpacing(0);
    ViewGrid* grid = nullptr;
    if (arguments.contains("--train")) {
        body->addWidget(trainPage(theme));
    } else {
        body->addWidget(toolStrip(theme));
        body->addWidget(leftDock(theme, scene));
        grid = new ViewGrid(theme, scene);
        body->addWidget(grid, 1);
        body->addWidget(rightDock(theme));
    }
    column->addLayout(body, 1);
    auto* hints = new HintBar(theme);
    hints->setHints({{"Left", "add"},
                     {"Right", "remove"},
                     {"Wheel", "slice"},
                     {"Ctrl wheel", "zoom"},
                     {"Space", "hold to pan"},
                     {"V", "hold to peek"}});
    hints->setReadings({"x 1.67 y 2.82 z 0.45 µm", "grey 143", "object 4", "100 %"});
    column->addWidget(hints);
    window.setCentralWidget(central);
    window.show();

    if (grid) {
        std::map<std::int32_t, Box> boxes = boxesOf(sample.truth);
        grid->view3d().setVolume(sample.image.shape(), sample.image.geometry.spacing);
        for (const auto& [id, box] : boxes)
            grid->view3d().setSurface(id, demoMesh(sample.truth, id, sample.image.geometry.spacing),
                                      objectColour(birthSlot(id)));
        if (arguments.contains("--grid")) grid->setLayout(ViewLayout::Grid);
        const std::int32_t current = boxes.count(4) ? 4 : boxes.begin()->first;
        scene.setSelected({current});
        scene.setObjectBox(boxes[current], objectColour(birthSlot(current)));
        const Box box = boxes[current];
        QTimer::singleShot(300, &window, [&scene, box, grid, &arguments, &sample, current] {
            if (!arguments.contains("--far")) scene.showBox(box, {}, grid->view(Plane::XY).height());
            if (arguments.contains("--prompt")) {
                auto preview = std::make_shared<PreviewMask>();
                preview->origin = box.begin;
                preview->before = Volume<std::uint8_t>(box.extent());
                preview->mask = Volume<std::uint8_t>(box.extent());
                const Index n = box.extent();
                for (std::int64_t z = 0; z < n.z; ++z)
                    for (std::int64_t y = 0; y < n.y; ++y)
                        for (std::int64_t x = 0; x < n.x; ++x) {
                            const bool in = sample.truth[box.begin + Index{z, y, x}] == current;
                            preview->before(z, y, x) = in;
                            preview->mask(z, y, x) = in && x < n.x * 6 / 10;
                        }
                preview->object = current;
                preview->colour = objectColour(birthSlot(current));
                const Index c = scene.cursor();
                scene.setPrompts({{c, true, false},
                                  {{c.z, c.y - 8, c.x + 14}, false, false},
                                  {{c.z, c.y + 12, c.x - 10}, true, false}});
                scene.setPreview(preview);
            }
            scene.setBadge("lock", "28", {scene.cursor().z, box.begin.y - 6, box.begin.x});
        });
    }
    if (const int at = int(arguments.indexOf("--shot")); at > 0) {
        auto* poll = new QTimer(&window);
        poll->setInterval(500);
        int calm = 0;
        QObject::connect(poll, &QTimer::timeout, &window, [&, file = arguments.value(at + 1)] {
            calm = !grid || grid->ready() ? calm + 1 : 0;
            if (calm < 4) return;
            window.grab().save(file);
            QApplication::quit();
        });
        poll->start();
    }
    const int code = QApplication::exec();
    delete central;  // views go before the scene
    return code;
}
