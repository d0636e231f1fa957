#include "ui/page/export_page.h"

#include <QDesktopServices>
#include <QDir>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPointer>
#include <QPushButton>
#include <QUrl>
#include <QVBoxLayout>
#include <filesystem>
#include <utility>

#include "project/deliver.h"
#include "project/licence_notes.h"
#include "ui/theme/theme.h"
#include "ui/widget/job_tray.h"
#include "ui/widget/labels.h"
#include "ui/widget/option_form.h"
#include "ui/workspace.h"

namespace fovea::ui {

ExportPage::ExportPage(Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent), theme_(theme), workspace_(workspace) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(60, 48, 60, 24);
    column->setSpacing(16);
    column->addWidget(makeLabel(tr("Take it with you"), "title"));
    column->addWidget(makeParagraph(
        tr("The labels as you see them and the table of the objects, in files other programs open."), "body"));
    auto* card = new Card;
    card->setMaximumWidth(680);
    card->content()->setSpacing(12);
    formPlace_ = new QWidget;
    auto* place = new QVBoxLayout(formPlace_);
    place->setContentsMargins(0, 0, 0, 0);
    card->content()->addWidget(formPlace_);
    auto* where = new QHBoxLayout;
    where->addWidget(makeLabel(tr("Where"), "small"));
    folder_ = new QLineEdit;
    folder_->setAccessibleName(tr("Folder to export to"));
    where->addWidget(folder_, 1);
    auto* browse = makeButton(theme, tr("Browse…"), "ghost", "folder");
    connect(browse, &QPushButton::clicked, this, &ExportPage::chooseFolder);
    where->addWidget(browse);
    card->content()->addLayout(where);
    auto* row = new QHBoxLayout;
    export_ = makeButton(theme, tr("Export"), "primary", "export");
    connect(export_, &QPushButton::clicked, this, &ExportPage::start);
    show_ = makeButton(theme, tr("Show folder"), "ghost", "folder");
    show_->setVisible(false);
    connect(show_, &QPushButton::clicked, this,
            [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(folder_->text())); });
    row->addWidget(export_);
    row->addWidget(show_);
    row->addStretch();
    card->content()->addLayout(row);
    note_ = makeParagraph({}, "warn");
    card->content()->addWidget(note_);
    state_ = makeParagraph({}, "hint");
    card->content()->addWidget(state_);
    column->addWidget(card);
    column->addStretch();
    connect(&workspace, &Workspace::projectChanged, this, [this] {
        delete form_;
        form_ = nullptr;
        folder_->clear();
        refresh();
    });
    connect(&workspace, &Workspace::chainStarted, this, &ExportPage::refresh);
    connect(&workspace, &Workspace::chainFinished, this, [this](bool ok, const QString& text) {
        refresh();
        if (!std::exchange(mine_, false)) return;
        if (ok)
            deliver();
        else
            state_->setText(text);
    });
    refresh();
}

void ExportPage::refresh() {
    const bool open = workspace_.project() != nullptr;
    export_->setEnabled(open && !workspace_.running());
    export_->setToolTip(!open                  ? tr("Open an image first.")
                        : workspace_.running() ? tr("Another job runs; it is in the job list.")
                                               : QString());
    note_->hide();
    if (!open) {
        state_->setText(tr("No image is open."));
        return;
    }
    const project::Stage& stage = project::stageById(workspace_.backend().stages, "export");
    QStringList notes;
    if (const auto note = project::unscoredNote(*workspace_.artifacts(), stage)) notes << textOf(*note);
    for (const std::string& note : project::licenceNotes(*workspace_.artifacts()))
        notes << tr("%1 A file with this note goes with the labels.").arg(QString::fromStdString(note).trimmed());
    note_->setText(notes.join("\n"));
    note_->setVisible(!notes.isEmpty());
    if (form_) return;
    // Which round is taken is chosen on the Learn page, with its figures beside it.
    OptionTable shown = stage.options;
    std::erase_if(shown, [](const OptionSpec& spec) { return spec.name == "round"; });
    nlohmann::json values = workspace_.project()->optionsOf(stage).json();
    values.erase("round");
    form_ = new OptionForm(theme_, shown, values);
    formPlace_->layout()->addWidget(form_);
    if (folder_->text().isEmpty())
        folder_->setText(QDir::cleanPath(QString::fromStdString(
            (workspace_.project()->folder().parent_path() / (workspace_.projectName().toStdString() + "-export"))
                .string())));
    state_->setText(tr(
        "What you accepted, fixed and drew is in it, what you rejected is not. Files of the same name are replaced."));
}

void ExportPage::setFolder(const QString& folder) { folder_->setText(folder); }

void ExportPage::chooseFolder() {
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Folder to export to"), folder_->text());
    if (!folder.isEmpty()) folder_->setText(folder);
}

void ExportPage::start() {
    try {
        nlohmann::json values = form_->values();
        values["round"] = -1;  // the one in use
        workspace_.project()->setOptions(project::stageById(workspace_.backend().stages, "export"), values);
    } catch (const Error& error) {
        state_->setText(QString::fromStdString(error.what()));
        return;
    }
    mine_ = workspace_.runStages({"export"}, Text(FOVEA_TR("Export")));
    state_->setText(tr("Exporting…"));
}

void ExportPage::deliver() {
    const auto artifacts = project::exportsOf(*workspace_.artifacts());
    QPointer<ExportPage> guard(this);
    const QString folder = folder_->text();
    workspace_.jobs().submit(JobRequest{Text(FOVEA_TR("Copy the exported files")),
                                        Lane::Cpu,
                                        [artifacts, target = std::filesystem::path(folder.toStdString())](Job& job) {
                                            project::deliver(artifacts, target, job);
                                        },
                                        [guard, folder](const Outcome& outcome) {
                                            if (!guard) return;
                                            const bool ok = outcome.state == JobState::Done;
                                            guard->show_->setVisible(ok);
                                            guard->state_->setText(ok ? tr("Exported to %1").arg(folder)
                                                                      : QString::fromStdString(outcome.error));
                                            if (ok) Q_EMIT guard->exported(folder);
                                        },
                                        {},
                                        true});
}

}  // namespace fovea::ui
