#include "ui/panel/layers_panel.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/theme/colour_map.h"
#include "ui/theme/theme.h"
#include "ui/view/view_scene.h"
#include "ui/widget/controls.h"
#include "ui/widget/histogram.h"
#include "ui/widget/key_cap.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

namespace {

constexpr int margin = 12, rowHeight = 26;

QString mapText(const QString& name) {
    return name == "grey"      ? LayersPanel::tr("Grey")
           : name == "magma"   ? LayersPanel::tr("Magma")
           : name == "viridis" ? LayersPanel::tr("Viridis")
           : name == "cyan"    ? LayersPanel::tr("Cyan")
           : name == "magenta" ? LayersPanel::tr("Magenta")
           : name == "yellow"  ? LayersPanel::tr("Yellow")
           : name == "green"   ? LayersPanel::tr("Green")
                               : name;
}

// The colours of a map from low to high.
QIcon mapIcon(const QString& name) {
    QImage strip(256, 1, QImage::Format_RGB32);
    const auto colours = colourMap(name);
    for (int i = 0; i < 256; ++i) strip.setPixel(i, 0, colours[std::size_t(i)]);
    return QIcon(QPixmap::fromImage(strip.scaled(40, 12)));
}

QVBoxLayout* inset(QVBoxLayout* column) {
    auto* inner = new QVBoxLayout;
    inner->setContentsMargins(margin, 0, margin, margin);
    inner->setSpacing(6);
    column->addLayout(inner);
    return inner;
}

// One row of the volume list: name left, progress right, selected with a bar at the left edge.
class VolumeButton : public QAbstractButton {
  public:
    explicit VolumeButton(Theme& theme) : theme_(theme) {
        setFixedHeight(theme.size(30));
        setCursor(Qt::PointingHandCursor);
        setFocusPolicy(Qt::TabFocus);
        setAttribute(Qt::WA_Hover);
    }
    const VolumeRow& row() const { return row_; }
    void setRow(const VolumeRow& row) {
        if (row == row_) return;
        row_ = row;
        setAccessibleName(row.id + ", " + row.detail);
        update();
    }

  protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        if (row_.current) {
            painter.fillRect(rect(), theme_.colour(Token::AccentSoft));
            painter.fillRect(QRect(0, 0, 2, height()), theme_.colour(Token::Accent));
        } else if (underMouse()) {
            painter.fillRect(rect(), theme_.colour(Token::Hover));
        }
        const QRect text = rect().adjusted(margin, 0, -margin, 0);
        painter.setFont(theme_.font(TextRole::Small, row_.current ? QFont::DemiBold : QFont::Normal));
        painter.setPen(theme_.colour(Token::Text));
        const int detail = painter.fontMetrics().horizontalAdvance(row_.detail) + 8;
        painter.drawText(text.adjusted(0, 0, -detail, 0), Qt::AlignVCenter | Qt::AlignLeft,
                         painter.fontMetrics().elidedText(row_.id, Qt::ElideMiddle, text.width() - detail));
        painter.setFont(theme_.font(TextRole::Small));
        painter.setPen(theme_.colour(Token::Muted));
        painter.drawText(text, Qt::AlignVCenter | Qt::AlignRight, row_.detail);
    }

  private:
    Theme& theme_;
    VolumeRow row_;
};

// Half of a layer's row: an icon or a word, with hover and focus.
class RowPart : public QAbstractButton {
  public:
    RowPart(Theme& theme, const QString& text) : theme_(theme) {
        setText(text);
        setCheckable(true);
        setCursor(Qt::PointingHandCursor);
        setFocusPolicy(Qt::TabFocus);
        setAttribute(Qt::WA_Hover);
        setSizePolicy(text.isEmpty() ? QSizePolicy::Fixed : QSizePolicy::Expanding, QSizePolicy::Fixed);
    }
    QSize sizeHint() const override { return {theme_.size(rowHeight), theme_.size(rowHeight)}; }

    Token ink = Token::Text;

  protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        if (underMouse() && isEnabled()) painter.fillRect(rect(), theme_.colour(Token::Hover));
        if (!icon().isNull()) icon().paint(&painter, rect());
        painter.setFont(theme_.font(TextRole::Small));
        painter.setPen(theme_.colour(ink));
        const QRect place = rect().adjusted(2, 0, -margin, 0);
        painter.drawText(place, Qt::AlignVCenter | Qt::AlignLeft,
                         painter.fontMetrics().elidedText(text(), Qt::ElideRight, place.width()));
        if (!hasFocus()) return;
        painter.setPen(QPen(theme_.colour(Token::Accent), 2));
        painter.drawRect(rect().adjusted(1, 1, -1, -1));
    }

  private:
    Theme& theme_;
};

}  // namespace

// A layer in the list: the eye shows or hides it, the name chooses whose properties are shown below.
class LayersPanel::LayerRow : public QWidget {
  public:
    LayerRow(Theme& theme, const QString& title, const QString& tip, QButtonGroup& names)
        : theme_(theme), tip_(tip), eye(new RowPart(theme, {})), name(new RowPart(theme, title)) {
        auto* row = new QHBoxLayout(this);
        row->setContentsMargins(margin - 6, 0, 0, 0);
        row->setSpacing(0);
        row->addWidget(eye);
        row->addWidget(name, 1);
        eye->setAccessibleName(LayersPanel::tr("Show: %1").arg(title));
        name->setToolTip(LayersPanel::tr("%1: choose to see its properties").arg(title));
        name->setAccessibleName(title);
        names.addButton(name);
        connect(eye, &QAbstractButton::toggled, this, [this] { lookAgain(); });
        connect(name, &QAbstractButton::toggled, this, [this] { lookAgain(); });
        connect(&theme, &Theme::changed, this, [this] {
            eye->updateGeometry();
            name->updateGeometry();
            lookAgain();
        });
        setSeen(true);
    }
    // Without a signal. `reason`: why there is nothing to show, empty when there is.
    void setSeen(bool seen, const QString& reason = {}) {
        const QSignalBlocker quiet(eye);
        eye->setChecked(seen);
        eye->setEnabled(reason.isEmpty());
        eye->setAccessibleDescription(reason);
        eye->setToolTip(reason.isEmpty() ? tip_ : reason);
        lookAgain();
    }
    // A row that is not there is not walked to by keys either.
    void setThere(bool there) {
        setVisible(there);
        name->setVisible(there);
    }

  private:
    void lookAgain() {
        const bool seen = eye->isChecked() && eye->isEnabled();
        eye->setIcon(
            QIcon(theme_.pixmap(seen ? "eye" : "eyeoff", 15, seen ? Token::Text : Token::Faint, devicePixelRatioF())));
        name->ink = seen ? Token::Text : Token::Muted;
        update();
        name->update();
    }
    void paintEvent(QPaintEvent*) override {
        if (!name->isChecked()) return;
        QPainter painter(this);
        painter.fillRect(rect(), theme_.colour(Token::AccentSoft));
        painter.fillRect(QRect(0, 0, 2, height()), theme_.colour(Token::Accent));
    }

    Theme& theme_;
    QString tip_;

  public:
    RowPart *const eye, *const name;
};

LayersPanel::LayersPanel(Theme& theme, ViewScene& scene, QWidget* parent)
    : QWidget(parent), theme_(theme), scene_(scene), names_(new QButtonGroup(this)) {
    setProperty("kind", "panel");
    setAttribute(Qt::WA_StyledBackground);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* header = new SectionHeader(tr("Volumes"));
    auto* add = makeIconButton(theme, "plus", tr("Add a volume…"));
    connect(add, &QToolButton::clicked, this, &LayersPanel::addVolume);
    header->addRight(add);
    column->addWidget(header);
    volumes_ = new QVBoxLayout;
    volumes_->setSpacing(0);
    column->addLayout(volumes_);
    facts_ = makeLabel({}, "hint");
    facts_->setContentsMargins(margin, 6, margin, margin);
    column->addWidget(facts_);
    column->addWidget(makeLine());
    column->addWidget(makeLayers());
    column->addWidget(makeLine());
    makeProposal();
    makeLabels();
    makePrediction();
    makeImage();
    for (const Layer& layer : layers_) column->addWidget(layer.properties);
    column->addStretch();
    layers_[LabelsLayer].row->name->setChecked(true);
    showProperties();
    connect(&scene, &ViewScene::imageChanged, this, [this] {
        countGrey();
        showContrast();
    });
    connect(&scene, &ViewScene::styleChanged, this, &LayersPanel::showContrast);
    connect(&scene, &ViewScene::styleChanged, this, &LayersPanel::showLayers);
    showLayers();
}

QWidget* LayersPanel::makeLayers() {
    auto* box = new QWidget;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 8);
    column->setSpacing(0);
    column->addWidget(new SectionHeader(tr("Layers")));
    // Top = drawn last.
    const auto add = [&](int layer, const QString& title, const QString& tip, void (ViewScene::*setShown)(bool)) {
        LayerRow* row = layers_[layer].row = new LayerRow(theme_, title, tip, *names_);
        connect(row->eye, &QAbstractButton::toggled, &scene_, setShown);
        connect(row->name, &QAbstractButton::toggled, this, &LayersPanel::showProperties);
        column->addWidget(row);
    };
    add(ProposalLayer, tr("Proposal"), tr("What your prompts propose, until you commit it"),
        &ViewScene::setPreviewVisible);
    add(LabelsLayer, tr("Labels (you edit these)"), tr("Hide or show the labels: V"), &ViewScene::setLabelsVisible);
    add(PredictionLayer, tr("Model prediction"), tr("Where the newest model sees an object"),
        &ViewScene::setPredictionVisible);
    add(ImageLayer, tr("Image"), tr("Hide or show the image"), &ViewScene::setImageVisible);
    return box;
}

void LayersPanel::showLayers() {
    const bool proposal = scene_.preview() != nullptr;
    layers_[ProposalLayer].row->setSeen(proposal && scene_.previewVisible(),
                                        proposal ? QString() : tr("Appears with your first prompt."));
    layers_[LabelsLayer].row->setSeen(scene_.look().visible);
    layers_[PredictionLayer].row->setSeen(scene_.predictionVisible());
    layers_[ImageLayer].row->setSeen(scene_.imageVisible());
    layers_[PredictionLayer].row->setThere(scene_.hasPrediction());
    if (!scene_.hasPrediction() && layers_[PredictionLayer].row->name->isChecked())
        layers_[LabelsLayer].row->name->setChecked(true);
}

// Of the chosen layer.
void LayersPanel::showProperties() {
    for (const Layer& layer : layers_)
        if (layer.properties) layer.properties->setVisible(layer.row->name->isChecked());
}

// The heading of a layer's properties; its column follows below.
SectionHeader* LayersPanel::makeProperties(int layer, const QString& title, QVBoxLayout*& inner) {
    auto* box = layers_[layer].properties = new QWidget;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* header = new SectionHeader(title);
    column->addWidget(header);
    inner = inset(column);
    return header;
}

SliderRow* LayersPanel::makeOpacity(const QString& name, int least, void (ViewScene::*change)(double)) {
    auto* slider = new SliderRow(theme_, tr("Opacity"), least, 100, 100, 0, " %");
    slider->slider()->setAccessibleName(name);
    connect(slider, &SliderRow::valueChanged, this, [this, change](double value) { (scene_.*change)(value / 100); });
    return slider;
}

void LayersPanel::makeProposal() {
    QVBoxLayout* inner = nullptr;
    makeProperties(ProposalLayer, tr("Proposal"), inner);
    // Never gone altogether: one key commits it.
    proposal_ = makeOpacity(tr("Opacity of the proposal"), 10, &ViewScene::setPreviewOpacity);
    inner->addWidget(proposal_);
}

void LayersPanel::makePrediction() {
    QVBoxLayout* inner = nullptr;
    makeProperties(PredictionLayer, tr("Model prediction"), inner);
    prediction_ = makeOpacity(tr("Opacity of the model prediction"), 0, &ViewScene::setPredictionOpacity);
    inner->addWidget(prediction_);
}

void LayersPanel::makeLabels() {
    QVBoxLayout* inner = nullptr;
    SectionHeader* header = makeProperties(LabelsLayer, tr("Labels"), inner);
    header->addRight(makeLabel(tr("hold"), "hint"));
    header->addRight(new KeyCap(theme_, "V"));
    header->addRight(makeLabel(tr("to peek"), "hint"));
    fill_ = new SliderRow(theme_, tr("Fill"), 0, 100, 26, 0, " %");
    outline_ = new SliderRow(theme_, tr("Outline"), 0, 4, 1.5, 1, " px");
    connect(fill_, &SliderRow::valueChanged, this, [this](double value) {
        LabelLook look = scene_.look();
        look.fill = value / 100;
        scene_.setLook(look);
    });
    connect(outline_, &SliderRow::valueChanged, this, [this](double value) {
        LabelLook look = scene_.look();
        look.outline = value;
        scene_.setLook(look);
    });
    inner->addWidget(fill_);
    inner->addWidget(outline_);
    auto* row = new QHBoxLayout;
    row->addWidget(makeLabel(tr("Colour by"), "small"));
    row->addStretch();
    auto* by = new SegmentedControl(theme_, {tr("Object"), tr("State")});
    connect(by, &SegmentedControl::chosen, this, [this](int index) { Q_EMIT colourByState(index == 1); });
    row->addWidget(by);
    inner->addLayout(row);
}

void LayersPanel::makeImage() {
    QVBoxLayout* inner = nullptr;
    SectionHeader* header = makeProperties(ImageLayer, tr("Image"), inner);
    auto* automatic = makeButton(theme_, tr("Auto"), "ghost");
    automatic->setToolTip(tr("Contrast by the data: 0.5–99.5 % of this slice"));
    connect(automatic, &QPushButton::clicked, this, [this] {
        if (!scene_.empty()) scene_.setContrast(scene_.autoContrast());
    });
    header->addRight(automatic);
    histogram_ = new Histogram(theme_);
    connect(histogram_, &Histogram::windowChanged, this, [this](double low, double high) {
        Contrast contrast = scene_.contrast();
        contrast.low = low;
        contrast.high = high;
        scene_.setContrast(contrast);
    });
    inner->addWidget(histogram_);
    imageOpacity_ = makeOpacity(tr("Opacity of the image"), 0, &ViewScene::setImageOpacity);
    inner->addWidget(imageOpacity_);
    gamma_ = new SliderRow(theme_, tr("Gamma"), 0.2, 5, 1, 2, "", true);
    connect(gamma_, &SliderRow::valueChanged, this, [this](double value) {
        Contrast contrast = scene_.contrast();
        contrast.gamma = value;
        scene_.setContrast(contrast);
    });
    inner->addWidget(gamma_);
    auto* colours = new QHBoxLayout;
    colours->addWidget(makeLabel(tr("Colours"), "muted"));
    map_ = new QComboBox;
    map_->setAccessibleName(tr("Colours of the image"));
    map_->setIconSize({40, 12});
    for (const QString& name : colourMapNames()) map_->addItem(mapIcon(name), mapText(name), name);
    connect(map_, &QComboBox::activated, this, [this] {
        Contrast contrast = scene_.contrast();
        contrast.map = map_->currentData().toString();
        scene_.setContrast(contrast);
    });
    colours->addWidget(map_, 1);
    inner->addLayout(colours);
    invert_ = new ToggleRow(theme_, tr("Invert"), {});
    connect(invert_, &ToggleRow::toggled, this, [this](bool on) {
        Contrast contrast = scene_.contrast();
        contrast.invert = on;
        scene_.setContrast(contrast);
    });
    inner->addWidget(invert_);
}

void LayersPanel::setVolumes(const QList<VolumeRow>& rows, const QString& facts) {
    // In place: this is called with every verdict.
    while (volumes_->count() > rows.size()) {
        QLayoutItem* item = volumes_->takeAt(volumes_->count() - 1);
        delete item->widget();
        delete item;
    }
    while (volumes_->count() < rows.size()) {
        auto* button = new VolumeButton(theme_);
        connect(button, &QAbstractButton::clicked, this, [this, button] { Q_EMIT volumeChosen(button->row().id); });
        volumes_->addWidget(button);
    }
    for (int i = 0; i < rows.size(); ++i) static_cast<VolumeButton*>(volumes_->itemAt(i)->widget())->setRow(rows[i]);
    facts_->setText(facts);
}

void LayersPanel::showContrast() {
    const Contrast& contrast = scene_.contrast();
    histogram_->setWindow(contrast.low, contrast.high, contrast.gamma);
    gamma_->setValue(contrast.gamma);
    invert_->setChecked(contrast.invert);
    map_->setCurrentIndex(map_->findData(contrast.map));
    fill_->setValue(scene_.look().fill * 100);
    outline_->setValue(scene_.look().outline);
    proposal_->setValue(scene_.previewOpacity() * 100);
    prediction_->setValue(scene_.predictionOpacity() * 100);
    imageOpacity_->setValue(scene_.imageOpacity() * 100);
}

void LayersPanel::countGrey() {
    if (scene_.empty()) return;
    const auto grey = scene_.greyCounts();
    histogram_->setCounts(grey.counts, grey.low, grey.high);
}

}  // namespace fovea::ui
