#include "ui/page/learn_page.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QTime>
#include <QVBoxLayout>
#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "ui/theme/theme.h"
#include "ui/widget/job_tray.h"
#include "ui/widget/labels.h"
#include "ui/widget/plot.h"
#include "ui/widget/progress_strip.h"
#include "ui/workspace.h"

namespace fovea::ui {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int leftWidth = 300, rightWidth = 324, margin = 12, chartHeight = 380;

void clear(QLayout* layout) {
    while (QLayoutItem* item = layout->takeAt(0)) {
        if (item->layout()) clear(item->layout());
        delete item->widget();
        delete item;
    }
}

QFrame* makeDock(int width, QVBoxLayout*& column) {
    auto* dock = new QFrame;
    dock->setProperty("kind", "panel");
    dock->setFixedWidth(width);
    column = new QVBoxLayout(dock);
    column->setContentsMargins(0, 0, 0, margin);
    column->setSpacing(8);
    return dock;
}

// The curve file written last below the work folder: the running training's.
std::optional<fs::path> newestCurve(const fs::path& work) {
    std::optional<fs::path> newest;
    fs::file_time_type latest{};
    std::error_code error;
    for (auto it = fs::recursive_directory_iterator(work, fs::directory_options::skip_permission_denied, error);
         !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
        if (it.depth() > 2 || it->path().extension() == ".zarr") it.disable_recursion_pending();
        if (it->path().filename() != "curves.json") continue;
        const auto time = it->last_write_time(error);
        if (!error && (!newest || time > latest)) newest = it->path(), latest = time;
    }
    return newest;
}

QString scoreText(const json& summary, const std::string& key) {
    if (!summary.contains(key) || !summary[key].is_number()) return "–";
    return summary[key].is_number_integer() ? QString::number(summary[key].get<int>())
                                            : QString::number(summary[key].get<double>(), 'f', 2);
}

}  // namespace

LearnPage::LearnPage(Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent), theme_(theme), workspace_(workspace) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(makeLeft());
    row->addWidget(makeCentre(), 1);
    row->addWidget(makeRight());
    connect(&workspace, &Workspace::projectChanged, this, &LearnPage::refresh);
    connect(&workspace, &Workspace::chainStarted, this, [this] {
        loss_->clear();
        tuning_->clear();
        poll_.start();
        refresh();
    });
    connect(&workspace, &Workspace::stageFinished, this, [this](const QString& stage) {
        const project::Stage& one = project::stageById(workspace_.backend().stages, stage.toStdString());
        log(tr("%1: done").arg(textOf(one.title)));
        refresh();
    });
    connect(&workspace, &Workspace::chainFinished, this, [this](bool ok, const QString& text) {
        poll_.stop();
        readCurves();
        log(ok ? tr("Finished") : text);
        refresh();
    });
    connect(&workspace, &Workspace::said, this, &LearnPage::log);
    connect(&theme, &Theme::changed, this, &LearnPage::refresh);
    poll_.setInterval(1000);
    connect(&poll_, &QTimer::timeout, this, &LearnPage::readCurves);
    refresh();
}

QWidget* LearnPage::makeLeft() {
    QVBoxLayout* column = nullptr;
    QFrame* dock = makeDock(leftWidth, column);
    column->addWidget(new SectionHeader(tr("What it learns from")));
    auto* inset = new QVBoxLayout;
    inset->setContentsMargins(margin, 0, margin, 0);
    inset->setSpacing(8);
    sources_ = new ProgressStrip(theme_);
    inset->addWidget(sources_);
    sourceRows_ = new QGridLayout;
    sourceRows_->setVerticalSpacing(6);
    sourceRows_->setColumnStretch(1, 1);
    inset->addLayout(sourceRows_);
    inset->addWidget(makeParagraph(tr("Ignored voxels neither help nor hurt. Everything inside a patch marked “Nothing "
                                      "missed here” counts as certain."),
                                   "hint"));
    column->addLayout(inset);
    column->addWidget(makeLine());
    column->addWidget(new SectionHeader(tr("The plan in plain words")));
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* inner = new QWidget;
    plan_ = new QVBoxLayout(inner);
    plan_->setContentsMargins(margin, 0, margin, 0);
    plan_->setSpacing(3);
    scroll->setWidget(inner);
    column->addWidget(scroll, 1);
    return dock;
}

QWidget* LearnPage::makeCentre() {
    auto* centre = new QWidget;
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(16);
    auto* head = new Card;
    auto* row = new QHBoxLayout;
    auto* texts = new QVBoxLayout;
    texts->setSpacing(4);
    title_ = makeLabel({}, "title");
    detail_ = makeParagraph({}, "small");
    texts->addWidget(title_);
    texts->addWidget(detail_);
    row->addLayout(texts, 1);
    start_ = makeButton(theme_, tr("Start"), "primary", "train");
    stop_ = makeButton(theme_, tr("Stop"), "plain", "stop");
    review_ = makeButton(theme_, tr("Go on reviewing"), "primary", "queue");
    connect(start_, &QPushButton::clicked, this, [this] { workspace_.learn(); });
    connect(stop_, &QPushButton::clicked, this, [this] { workspace_.stopChain(); });
    connect(review_, &QPushButton::clicked, this, &LearnPage::goOnReviewing);
    row->addWidget(stop_);
    row->addWidget(review_);
    row->addWidget(start_);
    head->content()->addLayout(row);
    bar_ = new ProgressStrip(theme_);
    head->content()->addWidget(bar_);
    column->addWidget(head);

    auto* charts = new QHBoxLayout;
    charts->setSpacing(16);
    loss_ = new Plot(theme_, tr("Loss, lower is better"));
    loss_->setCurves({{tr("learning"), Token::Accent, false, {}}});
    loss_->setEmptyText(tr("The curve appears as soon as learning starts."));
    tuning_ = new Plot(theme_, tr("Dice, higher is better"));
    tuning_->setCurves({{tr("Dice"), Token::Ok, false, {}}});
    tuning_->setYRange(0, 1);
    tuning_->setEmptyText(tr("Shown when places were set aside for tuning."));
    for (Plot* plot : {loss_, tuning_}) {
        auto* card = new Card(nullptr, 8);
        card->setMaximumHeight(chartHeight);
        card->content()->addWidget(plot);
        charts->addWidget(card, 1);
    }
    column->addLayout(charts, 4);

    auto* after = new Card;
    after->content()->addWidget(makeLabel(tr("Before and after, on what it never saw"), "section"));
    scores_ = new QGridLayout;
    scores_->setHorizontalSpacing(24);
    scores_->setVerticalSpacing(8);
    after->content()->addLayout(scores_);
    scoresNote_ = makeParagraph({}, "hint");
    after->content()->addWidget(scoresNote_);
    column->addWidget(after);
    column->addStretch(1);
    return centre;
}

QWidget* LearnPage::makeRight() {
    QVBoxLayout* column = nullptr;
    QFrame* dock = makeDock(rightWidth, column);
    column->addWidget(new SectionHeader(tr("This computer")));
    auto* machine = makeParagraph(QString::fromStdString(workspace_.backend().deviceText), "small");
    machine->setContentsMargins(margin, 0, margin, 0);
    column->addWidget(machine);
    auto* first = makeParagraph(tr("Your clicks go first: learning waits while a prompt runs."), "hint");
    first->setContentsMargins(margin, 0, margin, 0);
    column->addWidget(first);
    column->addWidget(makeLine());
    column->addWidget(new SectionHeader(tr("Log")));
    log_ = new QPlainTextEdit;
    log_->setReadOnly(true);
    log_->setFrameShape(QFrame::NoFrame);
    log_->setMaximumBlockCount(500);
    log_->setAccessibleName(tr("Log"));
    log_->setProperty("role", "fixed");
    column->addWidget(log_, 1);
    return dock;
}

void LearnPage::setReviewed(const ReviewProgress& progress) {
    if (progress == progress_) return;
    progress_ = progress;
    showSources();
    showHead();
}

void LearnPage::showSources() {
    clear(sourceRows_);
    const struct {
        Token colour;
        QString text;
        int count;
    } rows[] = {{Token::Ok, tr("Accepted or fixed"), progress_.accepted},
                {Token::Bad, tr("Rejected"), progress_.rejected},
                {Token::Hover, tr("Unsure or not reviewed, ignored"),
                 progress_.total - progress_.accepted - progress_.rejected}};
    QVector<ProgressStrip::Part> parts;
    int line = 0;
    for (const auto& row : rows) {
        auto* swatch = new QLabel;
        QPixmap square(12, 12);
        square.fill(theme_.colour(row.colour));
        swatch->setPixmap(square);
        auto* count = makeLabel(QString::number(row.count), "small");
        sourceRows_->addWidget(swatch, line, 0);
        sourceRows_->addWidget(makeLabel(row.text, "small"), line, 1);
        sourceRows_->addWidget(count, line, 2, Qt::AlignRight);
        parts.push_back({double(row.count), row.colour, row.text});
        ++line;
    }
    sources_->setParts(parts, std::max(1, progress_.total));
}

void LearnPage::showPlan() {
    clear(plan_);
    const auto folder = workspace_.artifacts()
                            ? workspace_.artifacts()->newest("plan", "", workspace_.project()->activeRound())
                            : std::nullopt;
    if (!folder) {
        plan_->addWidget(makeParagraph(tr("Made from your images when learning starts."), "hint"));
        plan_->addStretch();
        return;
    }
    try {
        const json plan = file::readJson(*folder / "plan.json");
        for (const json& choice : plan.at("fovea").at("choices")) {
            Text reason(choice.at("reason").get<std::string>());
            for (const auto& [key, value] : choice.at("args").items())
                reason.args.emplace_back(key, value.get<std::string>());
            plan_->addWidget(makeLabel(QString::fromStdString(choice.at("what").get<std::string>() + ": " +
                                                              choice.at("value").get<std::string>()),
                                       "small"));
            plan_->addWidget(makeParagraph(textOf(reason), "hint"));
            plan_->addSpacing(8);
        }
    } catch (const std::exception& error) {
        plan_->addWidget(makeParagraph(QString::fromUtf8(error.what()), "warn"));
    }
    plan_->addStretch();
}

void LearnPage::setJobs(const std::vector<JobInfo>& jobs) {
    for (const JobInfo& job : jobs) {
        if (job.lane != Lane::Batch || job.state != JobState::Running) continue;
        bar_->setShare(job.share);
        const QString left = job.secondsLeft >= 0
                                 ? tr(" · ready in %1").arg(QString::fromStdString(durationText(job.secondsLeft)))
                                 : QString();
        detail_->setText(textOf(job.what) + left);
    }
}

void LearnPage::showHead() {
    const bool running = workspace_.running(), open = workspace_.project() != nullptr;
    start_->setVisible(!running);
    stop_->setVisible(running);
    review_->setVisible(running);
    bar_->setVisible(running);
    start_->setEnabled(open && progress_.accepted > 0);
    start_->setToolTip(progress_.accepted > 0 ? QString() : tr("Accept a few objects first."));
    if (running) return title_->setText(tr("Learning in the background"));
    if (!open) {
        title_->setText(tr("Nothing to learn from yet"));
        detail_->setText(tr("Open an image first."));
    } else if (workspace_.statusOf("fine-tune") == project::Status::Partial) {
        title_->setText(tr("Learning was interrupted"));
        detail_->setText(tr("Nothing is lost. Start goes on where it stopped."));
    } else {
        title_->setText(progress_.accepted > 0 ? counted(progress_.accepted, tr("Ready to learn from %1 object"),
                                                         tr("Ready to learn from %1 objects"))
                                               : tr("Nothing accepted yet"));
        detail_->setText(tr("One button: plan, learn, predict again what you have not accepted, and compare."));
    }
}

void LearnPage::showScores() {
    clear(scores_);
    const auto folder = workspace_.artifacts()
                            ? workspace_.artifacts()->newest("scores", "", workspace_.project()->activeRound())
                            : std::nullopt;
    json summary;
    if (folder) {
        try {
            summary = file::readJson(*folder / "scores.json").value("summary", json::object());
        } catch (const Error& error) {
            log(QString::fromStdString(error.what()));
        }
    }
    if (!summary.contains("f1_after")) {
        scoresNote_->setText(
            folder
                ? tr("No truth to compare with: mark more patches complete, or give a truth file to the Score stage.")
                : tr("Filled when a round has finished."));
        return;
    }
    int column = 0;
    for (const QString& head : {QString(), tr("before"), tr("after")})
        scores_->addWidget(makeLabel(head, "muted"), 0, column++);
    const std::pair<QString, std::string> lines[] = {{tr("F1 at IoU 0.5"), "f1"},
                                                     {tr("F1 at IoU 0.75"), "f1_75"},
                                                     {tr("Dice"), "dice"},
                                                     {tr("Merged by mistake"), "merges"},
                                                     {tr("Split by mistake"), "splits"}};
    int row = 1;
    for (const auto& [text, key] : lines) {
        scores_->addWidget(makeLabel(text, "small"), row, 0);
        scores_->addWidget(makeLabel(scoreText(summary, key + "_before"), "small"), row, 1);
        scores_->addWidget(makeLabel(scoreText(summary, key + "_after"), "strong"), row, 2);
        ++row;
    }
    scores_->setColumnStretch(3, 1);
    const int objects = summary.value("true_objects", 0);
    const json interval = summary.value("interval_after", json::array());
    QString note = counted(objects, tr("%1 object compared."), tr("%1 objects compared."));
    if (interval.is_array() && interval.size() == 2)
        note += tr(" F1 after may lie anywhere between %1 and %2.")
                    .arg(interval[0].get<double>(), 0, 'f', 2)
                    .arg(interval[1].get<double>(), 0, 'f', 2);
    if (!summary.value("enough_objects", false)) note += tr(" Too few to tell better from worse.");
    scoresNote_->setText(note);
}

void LearnPage::readCurves() {
    if (!workspace_.project()) return;
    auto file = newestCurve(workspace_.project()->workFolder());
    if (!file) {
        const auto model = workspace_.artifacts()->newest("model", "", workspace_.project()->activeRound());
        if (!model || !fs::exists(*model / "curves.json")) return;
        file = *model / "curves.json";
    }
    json curve;
    try {
        curve = file::readJson(*file);
    } catch (const Error&) {
        return;  // being replaced; the next tick reads it
    }
    QVector<QPointF> loss, dice;
    for (const json& point : curve.value("points", json::array())) {
        const double x = point.value("iteration", 0.0);
        loss << QPointF(x, point.value("loss", 0.0));
        if (point.contains("tuning") && point["tuning"].is_number()) dice << QPointF(x, point["tuning"].get<double>());
    }
    const double planned = curve.value("iterations", 0.0);
    loss_->setCurves({{tr("learning"), Token::Accent, false, loss}});
    tuning_->setCurves({{tr("Dice"), Token::Ok, false, dice}});
    for (Plot* plot : {loss_, tuning_}) {
        plot->setXRange(0, planned);
        plot->setFutureFrom(loss.isEmpty() || loss.last().x() >= planned ? std::nullopt
                                                                         : std::optional<double>(loss.last().x()));
    }
    const auto best = std::max_element(dice.begin(), dice.end(), [](QPointF a, QPointF b) { return a.y() < b.y(); });
    tuning_->setBest(best == dice.end() ? std::nullopt : std::optional<QPointF>(*best),
                     best == dice.end() ? QString() : tr("best %1").arg(best->y(), 0, 'f', 2));
}

void LearnPage::refresh() {
    showSources();
    showPlan();
    showHead();
    showScores();
    if (!workspace_.running()) readCurves();
}

void LearnPage::log(const QString& line) { log_->appendPlainText(QTime::currentTime().toString("HH:mm ") + line); }

}  // namespace fovea::ui
