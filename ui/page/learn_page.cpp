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
#include <vector>

#include "base/file.h"
#include "ui/edit/training_curve.h"
#include "ui/page/before_after.h"
#include "ui/page/rounds_panel.h"
#include "ui/theme/theme.h"
#include "ui/widget/job_tray.h"
#include "ui/widget/labels.h"
#include "ui/widget/plot.h"
#include "ui/widget/progress_strip.h"
#include "ui/workspace.h"

namespace fovea::ui {

using nlohmann::json;

namespace {

constexpr int leftWidth = 300, rightWidth = 324, margin = 12, chartHeight = 260, narrowHead = 560;

void clear(QLayout* layout) {
    while (QLayoutItem* item = layout->takeAt(0)) {
        if (item->layout()) clear(item->layout());
        delete item->widget();
        delete item;
    }
}

QFrame* makeDock(QVBoxLayout*& column) {
    auto* dock = new QFrame;
    dock->setProperty("kind", "panel");
    column = new QVBoxLayout(dock);
    column->setContentsMargins(0, 0, 0, margin);
    column->setSpacing(8);
    return dock;
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
        curveFile_.reset();
        poll_.start();
        refresh();
    });
    connect(&workspace, &Workspace::stageFinished, this, [this](const QString& stage) {
        const project::Stage& one = project::stageById(workspace_.backend().stages, stage.toStdString());
        log(tr("%1: done").arg(textOf(one.title)));
        curveFile_.reset();
        refresh();
    });
    connect(&workspace, &Workspace::chainFinished, this, [this](bool ok, const QString& text) {
        poll_.stop();
        readCurves();
        log(ok ? tr("Finished") : text);
        refresh();
    });
    connect(&workspace, &Workspace::said, this, &LearnPage::log);
    connect(&workspace, &Workspace::roundInUse, this, [this](int round) {
        log(tr("%1: in use").arg(roundName(round)));
        refresh();
    });
    connect(&theme, &Theme::changed, this, [this] {
        fit();
        refresh();
    });
    poll_.setInterval(1000);
    connect(&poll_, &QTimer::timeout, this, &LearnPage::readCurves);
    refresh();
}

QWidget* LearnPage::makeLeft() {
    QVBoxLayout* column = nullptr;
    left_ = makeDock(column);
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
    column->addWidget(makeLine());
    column->addWidget(new SectionHeader(tr("Rounds")));
    rounds_ = new RoundsPanel(theme_);
    connect(rounds_, &RoundsPanel::useRound, this, [this](int round) { workspace_.useRound(round); });
    column->addWidget(rounds_);
    return left_;
}

QWidget* LearnPage::makeCentre() {
    auto* centre = new QWidget;
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(16);
    auto* head = new Card;
    head_ = new QBoxLayout(QBoxLayout::LeftToRight);
    auto* texts = new QVBoxLayout;
    texts->setSpacing(4);
    title_ = makeLabel({}, "title");
    detail_ = makeParagraph({}, "small");
    texts->addWidget(title_);
    texts->addWidget(detail_);
    head_->addLayout(texts, 1);
    start_ = makeButton(theme_, tr("Start"), "primary", "train");
    stop_ = makeButton(theme_, tr("Stop"), "plain", "stop");
    review_ = makeButton(theme_, tr("Go on reviewing"), "primary", "queue");
    connect(start_, &QPushButton::clicked, this, [this] { workspace_.learn(); });
    connect(stop_, &QPushButton::clicked, this, [this] { workspace_.stopChain(); });
    connect(review_, &QPushButton::clicked, this, &LearnPage::goOnReviewing);
    use_ = makeButton(theme_, tr("Use it anyway"), "plain");
    use_->setObjectName("use-anyway");
    check_ = makeButton(theme_, tr("Check again"), "plain", "refresh");
    connect(use_, &QPushButton::clicked, this, [this] { workspace_.useRound(report_.scored); });
    connect(check_, &QPushButton::clicked, this, [this] { workspace_.checkAgain(); });
    for (const auto& group : {std::vector{use_, check_}, std::vector{stop_, start_, review_}}) {
        auto* row = new QHBoxLayout;
        for (QPushButton* button : group) row->addWidget(button);
        head_->addLayout(row);
        head_->setAlignment(row, Qt::AlignLeft | Qt::AlignVCenter);
    }
    head->content()->addLayout(head_);
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
    pictures_ = new BeforeAfter(theme_, workspace_);
    after->content()->addWidget(pictures_, 1);
    column->addWidget(after, 5);
    return centre;
}

QWidget* LearnPage::makeRight() {
    QVBoxLayout* column = nullptr;
    right_ = makeDock(column);
    column->addWidget(new SectionHeader(tr("This computer")));
    auto* machine = makeParagraph(QString::fromStdString(workspace_.backend().deviceText), "small");
    machine->setContentsMargins(margin, 0, margin, 0);
    column->addWidget(machine);
    auto* first = makeParagraph(tr("Your clicks go first: learning waits while a prompt runs."), "hint");
    first->setContentsMargins(margin, 0, margin, 0);
    column->addWidget(first);
    column->addWidget(makeLine());
    column->addWidget(new SectionHeader(tr("Did it help?")));
    help_ = new HelpPanel;
    column->addWidget(help_);
    column->addWidget(makeLine());
    column->addWidget(new SectionHeader(tr("Log")));
    log_ = new QPlainTextEdit;
    log_->setReadOnly(true);
    log_->setFrameShape(QFrame::NoFrame);
    log_->setMaximumBlockCount(500);
    log_->setAccessibleName(tr("Log"));
    log_->setProperty("role", "fixed");
    column->addWidget(log_, 1);
    return right_;
}

// The docks grow with the text as far as the window allows; the head's buttons go below its texts in a narrow one.
void LearnPage::fit() {
    left_->setFixedWidth(std::min(theme_.size(leftWidth), width() * 27 / 100));
    right_->setFixedWidth(std::min(theme_.size(rightWidth), width() * 30 / 100));
    const int centre = width() - left_->width() - right_->width();
    head_->setDirection(centre < theme_.size(narrowHead) ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
}

void LearnPage::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    fit();
}

void LearnPage::setReviewed(const ReviewProgress& progress, const std::string& caseId) {
    if (progress == progress_ && caseId == caseId_) return;
    progress_ = progress;
    caseId_ = caseId;
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
    if (!workspace_.running("fine-tune")) return;
    for (const JobInfo& job : jobs) {
        if (job.lane != Lane::Batch || job.state != JobState::Running) continue;
        bar_->setShare(job.share);
        const QString left = job.secondsLeft >= 0
                                 ? tr(" · ready in %1").arg(QString::fromStdString(durationText(job.secondsLeft)))
                                 : QString();
        detail_->setText(textOf(job.what) + left);
    }
}

// Whether the person decided anything that the last round did not learn from.
bool LearnPage::newVerdicts() const {
    const auto learned = workspace_.learned(caseId_);
    return !learned || progress_.reviewed() > learned->decided || progress_.patchesDone > learned->patches;
}

void LearnPage::showHead() {
    const bool running = workspace_.running("fine-tune"), open = workspace_.project() != nullptr;
    const bool busy = workspace_.running() && !running;  // with something else
    const bool finished =
        open && !running && report_.scored > 0 && report_.scored == workspace_.project()->activeRound();
    start_->setVisible(!running);
    stop_->setVisible(running);
    review_->setVisible(running || finished);
    use_->setVisible(finished && report_.worse() && report_.inUse != report_.scored);
    check_->setVisible(finished && !busy && progress_.checkDone > report_.checkComplete);
    bar_->setVisible(running);
    start_->setEnabled(open && progress_.accepted > 0 && !busy);
    start_->setToolTip(busy                     ? tr("Other work has to end first.")
                       : progress_.accepted > 0 ? QString()
                                                : tr("Accept a few objects first."));
    start_->setText(finished ? tr("Learn again") : tr("Start"));
    setKind(theme_, start_, finished && !newVerdicts() ? "plain" : "primary");
    setKind(theme_, review_, running || !newVerdicts() ? "primary" : "plain");
    if (running) return title_->setText(tr("Learning in the background"));
    if (!open) {
        title_->setText(tr("Nothing to learn from yet"));
        detail_->setText(tr("Open an image first."));
    } else if (workspace_.statusOf("fine-tune") == project::Status::Partial) {
        title_->setText(tr("Learning was interrupted"));
        detail_->setText(tr("Nothing is lost. Start goes on where it stopped."));
    } else if (finished) {
        showFinished();
    } else {
        title_->setText(progress_.accepted > 0 ? counted(progress_.accepted, tr("Ready to learn from %1 object"),
                                                         tr("Ready to learn from %1 objects"))
                                               : tr("Nothing accepted yet"));
        detail_->setText(tr("One button: plan, learn, predict again what you have not accepted, and compare."));
    }
}

void LearnPage::showFinished() {
    const bool used = report_.inUse == report_.scored;
    title_->setText(report_.worse() && !used ? tr("Round %1 did not help").arg(report_.scored)
                    : used                   ? tr("Round %1 is in use").arg(report_.scored)
                                             : tr("Round %1 is ready").arg(report_.scored));
    QString text =
        report_.worse() && used ? tr("You chose it although the check says it is worse.") : verdictText(report_);
    if (progress_.checkDone > report_.checkComplete)
        text += tr(" You reviewed more of the check since; “Check again” takes seconds.");
    else if (!report_.after() || !report_.after()->tell())
        text += " " + trustText(report_);
    detail_->setText(text);
}

void LearnPage::showReport() {
    report_ = {};
    if (workspace_.artifacts()) {
        try {
            report_ = readRoundReport(*workspace_.artifacts());
        } catch (const Error& error) {
            log(QString::fromStdString(error.what()));
        }
    }
    help_->setReport(report_);
    rounds_->setReport(report_, workspace_.project() && !workspace_.project()->readOnly());
    pictures_->setReport(report_);
}

void LearnPage::readCurves() {
    const project::Artifacts* artifacts = workspace_.artifacts();
    if (!artifacts) return;
    if (!curveFile_ && workspace_.running()) curveFile_ = runningCurve(*artifacts);
    const auto file = curveFile_ ? curveFile_ : workspace_.running() ? std::nullopt : finishedCurve(*artifacts);
    const auto curve = file ? readCurve(*file) : std::nullopt;
    if (!curve) return;
    loss_->setCurves({{tr("learning"), Token::Accent, false, curve->loss}});
    tuning_->setCurves({{tr("Dice"), Token::Ok, false, curve->dice}});
    const std::optional<double> last = curve->loss.isEmpty() ? std::nullopt : std::optional(curve->loss.last().x());
    for (Plot* plot : {loss_, tuning_}) {
        plot->setXRange(0, curve->planned);
        plot->setFutureFrom(last && *last < curve->planned ? last : std::nullopt);
    }
    const auto best =
        std::max_element(curve->dice.begin(), curve->dice.end(), [](QPointF a, QPointF b) { return a.y() < b.y(); });
    tuning_->setBest(best == curve->dice.end() ? std::nullopt : std::optional<QPointF>(*best),
                     best == curve->dice.end() ? QString() : tr("best %1").arg(best->y(), 0, 'f', 2));
}

void LearnPage::refresh() {
    showSources();
    showPlan();
    showReport();
    showHead();
    if (!workspace_.running()) readCurves();
}

void LearnPage::log(const QString& line) { log_->appendPlainText(QTime::currentTime().toString("HH:mm ") + line); }

}  // namespace fovea::ui
