#include "ui/page/objects_page.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/theme/theme.h"
#include "ui/widget/labels.h"
#include "ui/widget/option_form.h"
#include "ui/widget/progress_strip.h"
#include "ui/workspace.h"

namespace fovea::ui {

ObjectsPage::ObjectsPage(Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent), theme_(theme), workspace_(workspace) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(60, 48, 60, 24);
    column->setSpacing(16);
    column->addWidget(makeLabel(tr("Find the objects"), "title"));
    column->addWidget(
        makeParagraph(tr("Fovea looks for bright or dark objects and chooses size and contrast from the image itself. "
                         "What it finds are proposals: you accept, fix or reject each of them."),
                      "body"));
    auto* card = new Card;
    card->setMaximumWidth(640);
    card->content()->setSpacing(12);
    card->content()->addWidget(makeLabel(tr("Classical"), "section"));
    card->content()->addWidget(
        makeParagraph(tr("Works without any download. Good for blobs: nuclei, mitochondria, vesicles."), "small"));
    auto* row = new QHBoxLayout;
    find_ = makeButton(theme, tr("Find objects in the whole volume"), "primary", "spark");
    connect(find_, &QPushButton::clicked, this, &ObjectsPage::find);
    auto* fold = makeButton(theme, tr("Settings"), "ghost", "gear");
    fold->setCheckable(true);
    row->addWidget(find_);
    row->addWidget(fold);
    row->addStretch();
    card->content()->addLayout(row);
    settings_ = new QWidget;
    new QVBoxLayout(settings_);
    settings_->setVisible(false);
    connect(fold, &QPushButton::toggled, settings_, &QWidget::setVisible);
    card->content()->addWidget(settings_);
    busy_ = new ProgressStrip(theme);
    card->content()->addWidget(busy_);
    state_ = makeParagraph({}, "hint");
    card->content()->addWidget(state_);
    column->addWidget(card);

    const auto addOffer = [&](const QString& title, const QString& text, const QString& button, const char* icon,
                              void (ObjectsPage::*clicked)()) {
        auto* offer = new Card;
        offer->setMaximumWidth(640);
        offer->content()->addWidget(makeLabel(title, "section"));
        offer->content()->addWidget(makeParagraph(text, "small"));
        auto* asks = makeButton(theme, button, "plain", icon);
        connect(asks, &QPushButton::clicked, this, clicked);
        offer->content()->addWidget(asks, 0, Qt::AlignLeft);
        column->addWidget(offer);
    };
    addOffer(tr("I have a trained model"),
             tr("A folder that nnU-Net trained, here or elsewhere: it holds plans.json and fold_0, fold_1, …"),
             tr("Find with a model…"), "folder", &ObjectsPage::askModel);
    addOffer(
        tr("I have labels already"),
        tr("A label image of the same size: OME-Zarr, TIFF, NRRD, NIfTI, MHA or a PNG folder. It replaces what was "
           "found; nothing you accepted changes."),
        tr("Bring labels…"), "import", &ObjectsPage::bringLabels);
    column->addStretch();
    connect(&workspace, &Workspace::chainStarted, this, &ObjectsPage::refresh);
    connect(&workspace, &Workspace::chainFinished, this, &ObjectsPage::refresh);
    connect(&workspace, &Workspace::projectChanged, this, [this] {
        delete form_;
        form_ = nullptr;
        refresh();
    });
    refresh();
}

void ObjectsPage::refresh() {
    const bool open = workspace_.project() != nullptr;
    find_->setEnabled(open && !workspace_.running());
    find_->setToolTip(!open                  ? tr("Open an image first.")
                      : workspace_.running() ? tr("Another job runs; it is in the job list.")
                                             : QString());
    busy_->setVisible(workspace_.running());
    if (workspace_.running()) busy_->setShare(-1);
    if (!open) {
        state_->setText(tr("No image is open."));
        return;
    }
    const project::Stage& stage = project::stageById(workspace_.backend().stages, "pseudo-label");
    if (!form_) {
        // Models and labels have buttons of their own.
        const auto elsewhere = [](const std::string& name) {
            return name == "from" || name == "model" || name == "mirror";
        };
        OptionTable shown = stage.options;
        std::erase_if(shown, [&](const OptionSpec& spec) { return elsewhere(spec.name); });
        nlohmann::json values = workspace_.project()->optionsOf(stage).json();
        for (const OptionSpec& spec : stage.options)
            if (elsewhere(spec.name)) values.erase(spec.name);
        form_ = new OptionForm(theme_, shown, values);
        settings_->layout()->addWidget(form_);
    }
    const auto state = workspace_.artifacts()->state(stage, 0);
    if (workspace_.running())
        state_->setText(tr("Working in the background; you can go on with anything else."));
    else if (state.status == project::Status::UpToDate)
        state_->setText(tr("Done. Finding again replaces what you have not accepted."));
    else
        state_->setText(tr("No objects yet. Let Fovea find them, or bring labels you have."));
}

void ObjectsPage::find() {
    try {
        nlohmann::json values = form_->values();
        values["from"] = values["model"] = "";  // the engine is asked
        workspace_.project()->setOptions(project::stageById(workspace_.backend().stages, "pseudo-label"), values);
    } catch (const Error& error) {
        state_->setText(QString::fromStdString(error.what()));
        return;
    }
    workspace_.findObjects();
}

}  // namespace fovea::ui
