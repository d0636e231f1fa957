#include "ui/panel/pipeline_panel.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

#include "ui/theme/theme.h"
#include "ui/widget/job_tray.h"
#include "ui/widget/labels.h"
#include "ui/workspace.h"

namespace fovea::ui {

using project::Status;

namespace {

struct StatusLook {
    const char* icon;
    Token token;
    QString text;
};

StatusLook lookOf(Status status) {
    switch (status) {
        case Status::UpToDate:
            return {"check", Token::Ok, PipelinePanel::tr("up to date")};
        case Status::Stale:
            return {"warn", Token::Warn, PipelinePanel::tr("out of date")};
        case Status::Partial:
            return {"pause", Token::Warn, PipelinePanel::tr("interrupted, goes on when run")};
        case Status::Missing:
            break;
    }
    return {"dots", Token::Muted, PipelinePanel::tr("not run yet")};
}

}  // namespace

PipelinePanel::PipelinePanel(Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent), theme_(theme), workspace_(workspace) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(8, 8, 8, 8);
    tree_ = new QTreeWidget;
    tree_->setColumnCount(3);
    tree_->setHeaderLabels({tr("Stage"), tr("State"), tr("Why")});
    tree_->setRootIsDecorated(false);
    tree_->setUniformRowHeights(true);
    tree_->setFrameShape(QFrame::NoFrame);
    tree_->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    tree_->setAccessibleName(tr("Stages"));
    column->addWidget(tree_, 1);
    auto* row = new QHBoxLayout;
    auto* upTo = makeButton(theme, tr("Run up to here"), "plain", "play");
    auto* only = makeButton(theme, tr("Run this stage"), "ghost");
    connect(upTo, &QPushButton::clicked, this, [this] { runSelected(true); });
    connect(only, &QPushButton::clicked, this, [this] { runSelected(false); });
    row->addWidget(upTo);
    row->addWidget(only);
    row->addStretch();
    column->addLayout(row);
    connect(&workspace, &Workspace::projectChanged, this, &PipelinePanel::refresh);
    connect(&workspace, &Workspace::imported, this, &PipelinePanel::refresh);
    connect(&workspace, &Workspace::stageFinished, this, &PipelinePanel::refresh);
    connect(&workspace, &Workspace::chainFinished, this, &PipelinePanel::refresh);
    connect(&theme, &Theme::changed, this, &PipelinePanel::refresh);
    refresh();
}

void PipelinePanel::refresh() {
    const int selected = tree_->indexOfTopLevelItem(tree_->currentItem());
    tree_->clear();
    for (const project::Stage& stage : workspace_.backend().stages) {
        auto* item = new QTreeWidgetItem(tree_, {textOf(stage.title)});
        item->setData(0, Qt::UserRole, QString::fromStdString(stage.id));
        item->setToolTip(0, textOf(stage.help));
        if (!workspace_.artifacts()) continue;
        const int round = project::Artifacts::roundOf(stage, workspace_.project()->activeRound());
        const project::ArtifactState state = workspace_.artifacts()->state(stage, round);
        const StatusLook look = lookOf(state.status);
        item->setText(1, look.text);
        item->setIcon(1, QIcon(theme_.pixmap(look.icon, 15, look.token, devicePixelRatioF())));
        item->setText(2, textOf(state.reason));
    }
    if (selected >= 0) tree_->setCurrentItem(tree_->topLevelItem(selected));
}

void PipelinePanel::runSelected(bool withThoseBefore) {
    const QTreeWidgetItem* item = tree_->currentItem();
    if (!item || !workspace_.project()) return;
    const std::string id = item->data(0, Qt::UserRole).toString().toStdString();
    const std::vector<std::string> stages =
        withThoseBefore ? project::chainUntil(workspace_.backend().stages, id) : std::vector<std::string>{id};
    workspace_.runStages(stages, project::stageById(workspace_.backend().stages, id).title);
}

}  // namespace fovea::ui
