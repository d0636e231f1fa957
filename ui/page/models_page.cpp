#include "ui/page/models_page.h"

#include <QCheckBox>
#include <QDesktopServices>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMimeData>
#include <QPointer>
#include <QPushButton>
#include <QTableWidget>
#include <QUrl>
#include <QVBoxLayout>

#include "base/error.h"
#include "base/file.h"
#include "ui/theme/theme.h"
#include "ui/widget/controls.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

using models::Model;
using models::Role;
using models::State;

namespace {

constexpr int detailsWidth = 372, rowHeight = 46;
enum Filter { All, PseudoLabels, Clicks, Choosing, Yours };

QString text(const std::string& utf8) { return QString::fromStdString(utf8); }

QString useText(Role role) {
    switch (role) {
        case Role::PseudoLabels:
            return ModelsPage::tr("Pseudo-labels");
        case Role::Prompts:
            return ModelsPage::tr("Clicks");
        case Role::Features:
            break;
    }
    return ModelsPage::tr("Choosing");
}

bool passes(const Model& model, int filter) {
    switch (filter) {
        case PseudoLabels:
            return model.role == Role::PseudoLabels;
        case Clicks:
            return model.role == Role::Prompts;
        case Choosing:
            return model.role == Role::Features;
        case Yours:
            return model.known == nullptr;
        default:
            return true;
    }
}

bool brought(const Model& model) { return model.known && model.known->brought(); }

QString withHash(const std::string& name, const models::Digest& digest) {
    return digest.empty() ? text(name) : text(name) + "\n" + text(digest.str());
}

QString onDiskText(std::uint64_t bytes, const std::filesystem::path& folder) {
    const QString kept = text(bytesText(double(bytes)));
    try {
        return ModelsPage::tr("%1 on disk, %2 free").arg(kept, text(bytesText(double(file::freeBytes(folder)))));
    } catch (const Error&) {  // the disk does not say
        return ModelsPage::tr("%1 on disk").arg(kept);
    }
}

// What can be said of a model beside its state, a line each.
QString factsOf(const Model& model) {
    QStringList lines;
    const auto add = [&](const QString& what, const QString& value) {
        if (!value.isEmpty()) lines << what + "  " + value;
    };
    if (model.known) {
        lines << text(model.known->about.str());
        add(ModelsPage::tr("Learned from"), text(model.known->learnedFrom.str()));
        add(ModelsPage::tr("Archive"), withHash(model.known->archive, model.known->archiveDigest));
        for (const models::KnownFile& file : model.known->files)
            add(ModelsPage::tr("File"), withHash(file.name, file.digest));
    }
    for (const models::KeptFile& file : model.files) add(ModelsPage::tr("Kept in"), text(file.path.string()));
    if (model.accepted) add(ModelsPage::tr("Licence accepted"), text(*model.accepted));
    if (!model.why.empty()) lines << text(model.why.str());
    if (brought(model))
        lines << ModelsPage::tr(
            "You fetch it, Fovea checks it: log in at the source with your own account, download the "
            "file, drop it here.");
    return lines.join("\n\n");
}

}  // namespace

ModelsPage::ModelsPage(Theme& theme, JobQueue& jobs, QWidget* parent) : QWidget(parent), theme_(theme), jobs_(jobs) {
    setAcceptDrops(true);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(makeTable(), 1);
    row->addWidget(makeDetails());
    try {
        store_.emplace();
    } catch (const Error& error) {
        setEnabled(false);
        summary_->setText(text(error.what()));
    }
    refresh();
    if (table_->rowCount() > 0) table_->selectRow(0);
}

QWidget* ModelsPage::makeTable() {
    auto* left = new QWidget;
    auto* column = new QVBoxLayout(left);
    column->setContentsMargins(28, 24, 28, 24);
    column->setSpacing(14);
    auto* head = new QHBoxLayout;
    auto* titles = new QVBoxLayout;
    titles->addWidget(makeLabel(tr("Models"), "title"));
    titles->addWidget(summary_ = makeLabel({}, "small"));
    head->addLayout(titles);
    head->addStretch();
    auto* addButton = makeButton(theme_, tr("Add from file…"), "plain", "plus");
    connect(addButton, &QPushButton::clicked, this, &ModelsPage::chooseFile);
    head->addWidget(addButton, 0, Qt::AlignTop);
    column->addLayout(head);

    auto* bar = new QHBoxLayout;
    auto* filter =
        new SegmentedControl(theme_, {tr("All"), tr("Pseudo-labels"), tr("Clicks"), tr("Choosing"), tr("Yours")});
    connect(filter, &SegmentedControl::chosen, this, [this](int index) {
        filter_ = index;
        fillTable();
    });
    bar->addWidget(filter);
    bar->addStretch();
    bar->addWidget(disk_ = makeLabel({}, "small"));
    column->addLayout(bar);

    table_ = new QTableWidget(0, StateColumn + 1);
    table_->setHorizontalHeaderLabels({tr("Model"), tr("Used for"), tr("Size"), tr("Licence"), tr("State")});
    table_->setAccessibleName(tr("Models"));
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table_->setShowGrid(false);
    table_->verticalHeader()->hide();
    table_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    table_->horizontalHeader()->setSectionResizeMode(Name, QHeaderView::Stretch);
    table_->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    table_->horizontalHeader()->setHighlightSections(false);
    connect(table_, &QTableWidget::itemSelectionChanged, this, &ModelsPage::fillDetails);
    column->addWidget(table_, 1);

    auto* field = new QFrame;
    field->setProperty("kind", "drop");
    auto* drop = new QHBoxLayout(field);
    drop->setContentsMargins(24, 20, 24, 20);
    drop->addWidget(makeParagraph(tr("Drop a weights file here (.safetensors, .pt, .pth, .tar.gz). Its hash is checked "
                                     "and its kind is recognised."),
                                  "body"));
    column->addWidget(field);
    return left;
}

QWidget* ModelsPage::makeDetails() {
    auto* right = new QFrame;
    right->setProperty("kind", "panel");
    right->setFixedWidth(theme_.size(detailsWidth));
    connect(&theme_, &Theme::changed, right, [this, right] { right->setFixedWidth(theme_.size(detailsWidth)); });
    auto* column = new QVBoxLayout(right);
    column->setContentsMargins(22, 24, 22, 24);
    column->setSpacing(12);
    column->addWidget(title_ = makeParagraph({}, "heading"));
    column->addWidget(use_ = makeLabel({}, "small"));
    auto* card = new Card(nullptr, 12);
    card->content()->addWidget(licence_ = makeLabel({}, "section"));
    card->content()->addWidget(licenceText_ = makeParagraph({}, "small"));
    accept_ = new QCheckBox(tr("My use is non-commercial research"));
    connect(accept_, &QCheckBox::clicked, this, [this](bool on) {
        try {
            if (const Model* model = chosen(); model && on) store_->accept(*model->licence);
        } catch (const Error& error) {
            Q_EMIT failed(text(error.what()));
        }
        refresh();
    });
    card->content()->addWidget(accept_);
    column->addWidget(card);
    column->addWidget(facts_ = makeParagraph({}, "small"));
    facts_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    get_ = makeButton(theme_, {}, "primary");
    connect(get_, &QPushButton::clicked, this, &ModelsPage::fetch);
    source_ = makeButton(theme_, {}, "plain", "link");
    connect(source_, &QPushButton::clicked, this, [this] {
        if (const Model* model = chosen(); model && model->known)
            QDesktopServices::openUrl(QUrl(text(model->known->source)));
    });
    remove_ = makeButton(theme_, tr("Remove from disk"), "danger", "trash");
    connect(remove_, &QPushButton::clicked, this, &ModelsPage::removeChosen);
    for (QPushButton* button : {get_, source_, remove_}) column->addWidget(button);
    column->addStretch();
    column->addWidget(makeLine());
    column->addWidget(makeLabel(tr("No internet here?"), "section"));
    column->addWidget(
        makeParagraph(tr("Fetch it on another computer and carry it over. The check is the same."), "small"));
    return right;
}

void ModelsPage::refresh() {
    if (!store_) return fillTable();
    const Model* now = chosen();
    const QString id = now ? text(now->id) : QString();
    std::vector<Model> found = store_->list();
    shown_.clear();  // pointed into the former ones
    models_ = std::move(found);
    int ready = 0;
    std::uint64_t bytes = 0;
    for (const Model& model : models_) {
        ready += model.usable();
        for (const models::KeptFile& file : model.files) bytes += file.bytes;
    }
    summary_->setText(tr("%1 Everything works offline once it is here.")
                          .arg(counted(ready, tr("%1 model is ready."), tr("%1 models are ready."))));
    disk_->setText(onDiskText(bytes, store_->folder()));
    fillTable();
    choose(id);
}

void ModelsPage::fillTable() {
    shown_.clear();
    for (const Model& model : models_)
        if (passes(model, filter_)) shown_.push_back(&model);
    table_->setRowCount(int(shown_.size()));
    for (int row = 0; row < int(shown_.size()); ++row) {
        const Model& model = *shown_[std::size_t(row)];
        table_->setRowHeight(row, theme_.size(rowHeight));
        auto* names = new QWidget;
        auto* lines = new QVBoxLayout(names);
        lines->setContentsMargins(8, 4, 8, 4);
        lines->setSpacing(0);
        lines->addWidget(makeLabel(text(model.title)));
        lines->addWidget(makeLabel(model.known ? text(model.known->about.str()) : tr("added by you"), "hint"));
        for (auto* label : names->findChildren<QLabel*>()) label->setMinimumWidth(1);
        table_->setCellWidget(row, Name, names);
        table_->setItem(row, Use, new QTableWidgetItem(useText(model.role)));
        auto* size = new QTableWidgetItem(text(bytesText(double(model.bytes()))));
        size->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
        table_->setItem(row, Size, size);
        auto* licence = new QTableWidgetItem(text(model.licence->name));
        if (model.licence->restricted) licence->setForeground(theme_.colour(Token::Warn));
        table_->setItem(row, LicenceColumn, licence);
        table_->setItem(row, StateColumn, new QTableWidgetItem);
        fillState(row, model);
    }
    fillDetails();
}

void ModelsPage::fillState(int row, const Model& model) {
    QTableWidgetItem* item = table_->item(row, StateColumn);
    const auto say = [&](const QString& what, Token token) {
        item->setText(what);
        item->setForeground(theme_.colour(token));
    };
    if (const auto found = progress_.find(text(model.id)); found != progress_.end())
        return say(found->second, Token::Accent);
    if (model.state == State::Damaged) return say(tr("Damaged"), Token::Bad);
    if (model.state == State::Ready)
        return model.usable() ? say(tr("Ready"), Token::Ok) : say(tr("Licence"), Token::Warn);
    say(brought(model) ? tr("Bring file") : tr("Get"), Token::Muted);
}

const Model* ModelsPage::chosen() const {
    const int row = table_ ? table_->currentRow() : -1;
    return row >= 0 && row < int(shown_.size()) ? shown_[std::size_t(row)] : nullptr;
}

void ModelsPage::choose(const QString& id) {
    for (int row = 0; row < int(shown_.size()); ++row)
        if (text(shown_[std::size_t(row)]->id) == id) table_->selectRow(row);
}

void ModelsPage::fillDetails() {
    const Model* model = chosen();
    for (QWidget* widget : std::initializer_list<QWidget*>{get_, source_, remove_, accept_}) widget->setVisible(false);
    for (QLabel* label : {title_, use_, licence_, licenceText_, facts_}) label->clear();
    if (!model) return title_->setText(tr("Choose a model"));
    const bool busy = progress_.contains(text(model->id)), restricted = model->licence->restricted;
    title_->setText(text(model->title));
    use_->setText(useText(model->role));
    licence_->setText(text(model->licence->name));
    setLook(licence_, "role", restricted ? "warn" : "section");
    licenceText_->setText(text(model->licence->text.str()));
    accept_->setVisible(restricted);
    accept_->setChecked(model->accepted.has_value());
    accept_->setEnabled(!model->accepted);
    facts_->setText(factsOf(*model));
    const bool here = model->state == State::Ready;
    get_->setVisible(!here && model->known);
    get_->setEnabled(!busy && (!restricted || model->accepted));
    get_->setText(busy ? tr("Working…") : brought(*model) ? tr("Choose the file…") : tr("Get it"));
    source_->setVisible(model->known != nullptr);
    if (model->known) source_->setText(tr("Open %1").arg(QUrl(text(model->known->source)).host()));
    remove_->setVisible(!model->files.empty());
    remove_->setEnabled(!busy);
}

void ModelsPage::setJobs(const std::vector<JobInfo>& jobs) {
    progress_.clear();
    for (const JobInfo& job : jobs) {
        const auto found = running_.find(job.id);
        if (found == running_.end() || found->second.isEmpty()) continue;
        if (job.state != JobState::Running && job.state != JobState::Waiting) continue;
        QString& line = progress_[found->second];
        line = job.share < 0 ? tr("Waiting") : tr("%1 %").arg(int(100 * job.share));
        if (job.secondsLeft >= 0) line += " · " + text(durationText(job.secondsLeft));
    }
    for (int row = 0; row < int(shown_.size()); ++row) fillState(row, *shown_[std::size_t(row)]);
    fillDetails();
}

void ModelsPage::fetch() {
    const Model* model = chosen();
    if (!model) return;
    if (brought(*model)) return chooseFile();
    start(text(model->id), Text(FOVEA_TR("Get {title}"), {{"title", model->title}}),
          [store = *store_, id = model->id](Job& job) mutable { return models::fetchKnown(store, id, false, job); });
}

void ModelsPage::chooseFile() {
    add(QFileDialog::getOpenFileNames(this, tr("Add weights"), {},
                                      tr("Weights (*.safetensors *.pt *.pth *.tar.gz);;All files (*)")));
}

void ModelsPage::add(const QStringList& paths) {
    if (!store_) return Q_EMIT failed(summary_->text());
    for (const QString& path : paths)
        start({}, Text(FOVEA_TR("Add {path}"), {{"path", path.toStdString()}}),
              [store = *store_, file = std::filesystem::path(path.toStdString())](Job& job) mutable {
                  return models::addFile(store, file, false, job);
              });
}

void ModelsPage::removeChosen() {
    const Model* model = chosen();
    if (!model) return;
    try {
        store_->remove(model->id);
    } catch (const Error& error) {
        Q_EMIT failed(text(error.what()));
    }
    refresh();
}

void ModelsPage::start(const QString& id, const Text& title, std::function<std::vector<models::Added>(Job&)> work) {
    const auto added = std::make_shared<std::vector<models::Added>>();
    const auto number = std::make_shared<std::int64_t>(0);
    QPointer<ModelsPage> guard(this);
    *number = jobs_.submit(JobRequest{title,
                                      Lane::Fetch,
                                      [added, work = std::move(work)](Job& job) { *added = work(job); },
                                      [guard, added, number](const Outcome& outcome) {
                                          if (!guard) return;
                                          guard->running_.erase(*number);
                                          guard->setJobs(guard->jobs_.jobs());
                                          guard->refresh();
                                          if (outcome.state == JobState::Failed)
                                              Q_EMIT guard->failed(text(outcome.error));
                                          for (const models::Added& one : *added) {
                                              guard->choose(text(one.id));
                                              Q_EMIT guard->said(text(one.what.str()));
                                          }
                                      },
                                      {},
                                      true});
    running_[*number] = id;
}

bool ModelsPage::looksLikeWeights(const QString& path) {
    for (const char* suffix : {".safetensors", ".pt", ".pth", ".tar.gz"})
        if (path.endsWith(QLatin1String(suffix), Qt::CaseInsensitive)) return true;
    return false;
}

void ModelsPage::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void ModelsPage::dropEvent(QDropEvent* event) {
    QStringList paths;
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile()) paths << url.toLocalFile();
    add(paths);
}

}  // namespace fovea::ui
