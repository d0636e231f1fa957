#include "ui/panel/layers_panel.h"

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

}  // namespace

// A layer that can be seen or not: eye and name.
class LayersPanel::LayerRow : public QAbstractButton {
  public:
    LayerRow(Theme& theme, const QString& name, const QString& tip) : theme_(theme) {
        setText(name);
        setToolTip(tip);
        setAccessibleName(name);
        setCheckable(true);
        setChecked(true);
        setFixedHeight(theme.size(rowHeight));
        setCursor(Qt::PointingHandCursor);
        setFocusPolicy(Qt::TabFocus);
        setAttribute(Qt::WA_Hover);
    }

  protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        if (underMouse()) painter.fillRect(rect(), theme_.colour(Token::Hover));
        const Token ink = isChecked() ? Token::Text : Token::Faint;
        painter.drawPixmap(QPointF(margin, (height() - 15) / 2.0),
                           theme_.pixmap(isChecked() ? "eye" : "eyeoff", 15, ink, devicePixelRatioF()));
        painter.setFont(theme_.font(TextRole::Small));
        painter.setPen(theme_.colour(ink));
        painter.drawText(rect().adjusted(margin + 24, 0, -margin, 0), Qt::AlignVCenter | Qt::AlignLeft, text());
        if (!hasFocus()) return;
        painter.setPen(QPen(theme_.colour(Token::Accent), 2));
        painter.drawRect(rect().adjusted(1, 1, -1, -1));
    }

  private:
    Theme& theme_;
};

LayersPanel::LayersPanel(Theme& theme, ViewScene& scene, QWidget* parent)
    : QWidget(parent), theme_(theme), scene_(scene) {
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
    column->addWidget(makeLabels());
    column->addWidget(makeLine());
    column->addWidget(makeImage());
    column->addStretch();
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
    predictionRow_ = new LayerRow(theme_, tr("Model prediction"), tr("Where the newest model sees an object"));
    labelsRow_ = new LayerRow(theme_, tr("Labels (you edit these)"), tr("Hide or show the labels: V"));
    imageRow_ = new LayerRow(theme_, tr("Image"), tr("Hide or show the image"));
    connect(predictionRow_, &QAbstractButton::toggled, &scene_, &ViewScene::setPredictionVisible);
    connect(labelsRow_, &QAbstractButton::toggled, &scene_, &ViewScene::setLabelsVisible);
    connect(imageRow_, &QAbstractButton::toggled, &scene_, &ViewScene::setImageVisible);
    for (LayerRow* row : {predictionRow_, labelsRow_, imageRow_}) column->addWidget(row);
    return box;
}

void LayersPanel::showLayers() {
    const auto show = [](LayerRow* row, bool seen) {
        const QSignalBlocker quiet(row);
        row->setChecked(seen);
        row->update();
    };
    predictionRow_->setVisible(scene_.hasPrediction());
    show(predictionRow_, scene_.predictionVisible());
    show(labelsRow_, scene_.look().visible);
    show(imageRow_, scene_.imageVisible());
}

QWidget* LayersPanel::makeLabels() {
    auto* box = new QWidget;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* header = new SectionHeader(tr("Labels"));
    header->addRight(makeLabel(tr("hold"), "hint"));
    header->addRight(new KeyCap(theme_, "V"));
    header->addRight(makeLabel(tr("to peek"), "hint"));
    column->addWidget(header);
    auto* inner = inset(column);
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
    return box;
}

QWidget* LayersPanel::makeImage() {
    auto* box = new QWidget;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* header = new SectionHeader(tr("Image"));
    auto* automatic = makeButton(theme_, tr("Auto"), "ghost");
    automatic->setToolTip(tr("Contrast by the data: 0.5–99.5 % of this slice"));
    connect(automatic, &QPushButton::clicked, this, [this] {
        if (!scene_.empty()) scene_.setContrast(scene_.autoContrast());
    });
    header->addRight(automatic);
    column->addWidget(header);
    auto* inner = inset(column);
    histogram_ = new Histogram(theme_);
    connect(histogram_, &Histogram::windowChanged, this, [this](double low, double high) {
        Contrast contrast = scene_.contrast();
        contrast.low = low;
        contrast.high = high;
        scene_.setContrast(contrast);
    });
    inner->addWidget(histogram_);
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
    return box;
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
}

void LayersPanel::countGrey() {
    if (scene_.empty()) return;
    const auto grey = scene_.greyCounts();
    histogram_->setCounts(grey.counts, grey.low, grey.high);
}

}  // namespace fovea::ui
