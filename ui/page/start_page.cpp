#include "ui/page/start_page.h"

#include <QFileInfo>
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/actions.h"
#include "ui/theme/theme.h"
#include "ui/widget/chip.h"
#include "ui/widget/labels.h"
#include "ui/workspace.h"

namespace fovea::ui {

namespace {

constexpr int rightWidth = 560, fieldWidth = 800, recentWidth = 290;
// Of the left part: where the picture begins and how wide it is; it may run out at the foot by a quarter.
constexpr double pictureTop = 0.42, pictureShare = 0.86, pictureOverflow = 1.25;
constexpr int leastPicture = 160;

// The objects of an invented volume (ui_demo --picture) at the foot of the page, faint towards the text above it.
class Backdrop : public QWidget {
  public:
    explicit Backdrop(Theme& theme) : theme_(theme), picture_(QStringLiteral(":/fovea/pictures/start.png")) {}

  protected:
    void paintEvent(QPaintEvent*) override {
        const int top = int(height() * pictureTop), room = height() - top;
        if (room < leastPicture || picture_.isNull()) return;
        const int tall =
            std::min(int(width() * pictureShare) * picture_.height() / picture_.width(), int(room * pictureOverflow));
        const QRect target(theme_.size(40), top, tall * picture_.width() / picture_.height(), tall);
        QPainter painter(this);
        painter.setRenderHint(QPainter::SmoothPixmapTransform);
        painter.setOpacity(theme_.isDark() ? 0.55 : 0.8);
        painter.drawImage(target, picture_);
        painter.setOpacity(1);
        QColor clear = theme_.colour(Token::Window), window = clear;
        clear.setAlpha(0);
        QLinearGradient fade(0, top, 0, top + tall / 2.0);
        fade.setColorAt(0, window);
        fade.setColorAt(1, clear);
        painter.fillRect(QRect(0, top, width(), tall / 2), fade);
    }

  private:
    Theme& theme_;
    QImage picture_;
};

// A picture that follows the theme.
QLabel* makePicture(Theme& theme, const QString& icon, double side, Token token) {
    auto* label = new QLabel;
    const auto draw = [label, &theme, icon, side, token] {
        label->setPixmap(theme.pixmap(icon, side, token, label->devicePixelRatioF()));
    };
    draw();
    QObject::connect(&theme, &Theme::changed, label, draw);
    return label;
}

}  // namespace

StartPage::StartPage(Theme& theme, Actions& actions, Workspace& workspace, QWidget* parent)
    : QWidget(parent), theme_(theme), workspace_(workspace) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(makeLeft(actions), 1);
    QWidget* right = makeRight();
    right->setMaximumWidth(rightWidth);
    right->setMinimumWidth(rightWidth * 2 / 3);
    row->addWidget(right);
    refresh();
}

QWidget* StartPage::makeLeft(Actions& actions) {
    auto* left = new Backdrop(theme_);
    auto* column = new QVBoxLayout(left);
    column->setContentsMargins(60, 56, 60, 24);
    column->setSpacing(16);
    column->addWidget(makeLabel(tr("From image to checked labels"), "headline"));
    auto* line = makeParagraph(tr("Fovea proposes the objects. You accept, fix or reject them. One button teaches the "
                                  "network what you accepted."),
                               "lead");
    line->setMaximumWidth(620);
    column->addWidget(line);
    column->addSpacing(8);
    column->addWidget(makeDropField());
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(12);
    const auto add = [&](const char* id, const char* kind, const char* icon) {
        auto* button = makeButton(theme_, actions.action(id)->text(), kind, icon);
        setLook(button, "extent", "large");
        connect(button, &QPushButton::clicked, actions.action(id), &QAction::trigger);
        buttons->addWidget(button);
    };
    add("file.open_image", "primary", "image");
    add("file.open_project", "plain", "folder");
    add("file.sample", "plain", "play");
    buttons->addStretch();
    column->addLayout(buttons);
    column->addWidget(makeLabel(
        tr("The sample is a small invented stack with exact truth: your first own model in a few minutes."), "hint"));
    column->addStretch();
    return left;
}

QWidget* StartPage::makeDropField() {
    auto* field = new QFrame;
    field->setProperty("kind", "drop");
    field->setMaximumWidth(fieldWidth);
    auto* row = new QHBoxLayout(field);
    row->setContentsMargins(36, 32, 36, 32);
    row->setSpacing(28);
    row->addWidget(makePicture(theme_, "download", 44, Token::Accent), 0, Qt::AlignVCenter);
    auto* column = new QVBoxLayout;
    column->setSpacing(6);
    column->addWidget(makeLabel(tr("Drop an image or a folder here"), "title"));
    column->addWidget(makeParagraph(
        tr("Size in nanometres and channels are read from the file. You check them before anything runs."), "small"));
    auto* chips = new QHBoxLayout;
    chips->setSpacing(6);
    for (const char* format : {"OME-Zarr", "OME-TIFF", "TIFF", "NRRD", "NIfTI", "MHA", "MRC", "PNG folder"})
        chips->addWidget(new Chip(theme_, format));
    chips->addStretch();
    column->addLayout(chips);
    row->addLayout(column, 1);
    return field;
}

QWidget* StartPage::makeReadyRow(const QString& icon, const QString& title, const QString& detail) {
    auto* box = new QWidget;
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 6, 0, 6);
    row->setSpacing(14);
    row->addWidget(makePicture(theme_, icon, 20, Token::Ok), 0, Qt::AlignVCenter);
    auto* texts = new QVBoxLayout;
    texts->setSpacing(2);
    texts->addWidget(makeLabel(title, "body"));
    texts->addWidget(makeParagraph(detail, "hint"));
    row->addLayout(texts, 1);
    row->addWidget(makePicture(theme_, "check", 18, Token::Ok), 0, Qt::AlignVCenter);
    return box;
}

QWidget* StartPage::makeRight() {
    auto* right = new QFrame;
    right->setProperty("kind", "panel");
    auto* column = new QVBoxLayout(right);
    column->setContentsMargins(36, 36, 36, 24);
    column->setSpacing(12);
    column->addWidget(makeLabel(tr("Ready on this computer"), "section"));
    auto* card = new Card(nullptr, 14);
    const Backend& backend = workspace_.backend();
    card->content()->addWidget(
        backend.gpu
            ? makeReadyRow("gpu", QString::fromStdString(backend.deviceText), tr("Learning runs on the graphics card."))
            : makeReadyRow(
                  "processor", QString::fromStdString(backend.deviceText),
                  tr("No graphics card found. Everything works, with a smaller network that learns in minutes.")));
    card->content()->addWidget(makeLine());
    card->content()->addWidget(
        makeReadyRow("spark", tr("Classical pseudo-labels"), tr("Find bright or dark objects without any download.")));
    card->content()->addWidget(makeLine());
    card->content()->addWidget(makeReadyRow("point", tr("Click model · built in"),
                                            tr("Left click adds, right click takes away; answers at once.")));
    column->addWidget(card);
    column->addSpacing(12);
    column->addWidget(makeLabel(tr("Recent"), "section"));
    recent_ = new QVBoxLayout;
    recent_->setSpacing(8);
    column->addLayout(recent_);
    column->addStretch();
    return right;
}

void StartPage::refresh() {
    while (QLayoutItem* item = recent_->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    const QStringList folders = workspace_.recent();
    if (folders.isEmpty()) recent_->addWidget(makeLabel(tr("Nothing yet. Projects you open appear here."), "muted"));
    for (const QString& folder : folders) {
        const QFileInfo info(folder);
        const QString text = QString("%1   ·   %2").arg(info.completeBaseName(), info.absolutePath());
        const QFontMetrics metrics(theme_.font(TextRole::Body));
        auto* button =
            makeButton(theme_, metrics.elidedText(text, Qt::ElideMiddle, theme_.size(recentWidth)), "ghost", "folder");
        button->setAccessibleName(text);
        button->setToolTip(folder);
        connect(button, &QPushButton::clicked, this, [this, folder] { workspace_.openProject(folder); });
        recent_->addWidget(button, 0, Qt::AlignLeft);
    }
}

}  // namespace fovea::ui
