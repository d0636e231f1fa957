#include "ui/page/before_after.h"

#include <QPainter>
#include <QPointer>
#include <algorithm>
#include <span>

#include "base/file.h"
#include "ui/theme/theme.h"
#include "ui/view/tile_composer.h"
#include "ui/workspace.h"
#include "zarr/ome_zarr.h"

namespace fovea::ui {

namespace {

constexpr std::size_t mostPlaces = 2;
constexpr std::int64_t mostVoxels = 320;  // of a side; a larger place shows its middle
constexpr double pictureSide = 480;       // device pixels of the longer side
constexpr int gap = 12, chipHeight = 22, leastCell = 150;

// One section of a place, and the labels to draw over it.
struct Wanted {
    std::string caseId;
    Box box;
    std::filesystem::path before, after;
    double low = 0, high = 255;
};

// The middle section, cut to what a picture can show.
Box sectionOf(const Box& box) {
    Box section = box;
    section.begin.z = (box.begin.z + box.end.z) / 2;
    section.end.z = section.begin.z + 1;
    for (int axis : {1, 2})
        if (const std::int64_t extent = box.end[axis] - box.begin[axis]; extent > mostVoxels) {
            section.begin[axis] += (extent - mostVoxels) / 2;
            section.end[axis] = section.begin[axis] + mostVoxels;
        }
    return section;
}

QImage draw(const ImagePtr& image, const ImagePtr& labels, const Wanted& wanted, QColor colour) {
    TileStyle style;
    style.image = image;
    style.contrast.low = wanted.low;
    style.contrast.high = wanted.high;
    style.ramp = makeRamp(style.contrast);
    style.labels = [labels](const Box& box) { return labels->readAs<std::int32_t>(box); };
    auto look = std::make_shared<LabelLook>();
    look->outline = 2;
    look->fill = 0.22;
    for (const std::int32_t id : labels->readAs<std::int32_t>(wanted.box))
        if (id != 0) look->objects[id].colour = colour.rgb();
    style.look = look;
    const Index extent = wanted.box.extent();
    const double zoom = pictureSide / double(std::max(extent.y, extent.x));
    TileRequest request;
    request.slice = wanted.box.begin.z;
    request.perVoxelU = request.perVoxelV = zoom;
    request.pixels = QRect(int(double(wanted.box.begin.x) * zoom), int(double(wanted.box.begin.y) * zoom),
                           int(double(extent.x) * zoom), int(double(extent.y) * zoom));
    return composeTile(style, request);
}

std::vector<Wanted> wantedOf(const project::Artifacts& artifacts, const RoundReport& report) {
    std::vector<Wanted> list;
    for (const RoundReport::Place& place : report.places) {
        if (list.size() == mostPlaces) break;
        const auto before = labelsOfRound(artifacts, place.caseId, std::min(report.rival, report.scored - 1));
        const auto after = labelsOfRound(artifacts, place.caseId, report.scored);
        const auto image = artifacts.newest("image", place.caseId, 0);
        if (!before || !after || !image) continue;
        const auto grey = file::readJson(*image / "image.json").at("intensity").at(0);
        list.push_back({place.caseId, sectionOf(place.box), *before / "labels.zarr", *after / "labels.zarr",
                        grey.at("low").get<double>(), grey.at("high").get<double>()});
    }
    return list;
}

}  // namespace

BeforeAfter::BeforeAfter(Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent), theme_(theme), workspace_(workspace) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    connect(&theme, &Theme::changed, this, [this] { update(); });
}

void BeforeAfter::setReport(const RoundReport& report) {
    std::vector<Wanted> wanted;
    QString key;
    try {
        if (report.scored > 0 && workspace_.artifacts()) wanted = wantedOf(*workspace_.artifacts(), report);
        for (const Wanted& one : wanted)
            for (const auto& folder : {one.before, one.after})
                key += QString::fromStdString(folder.string() + toString(one.box)) +
                       QString::number(std::filesystem::last_write_time(folder).time_since_epoch().count());
    } catch (const std::exception&) {
        wanted.clear();  // gone or damaged: the figures beside the pictures say so
    }
    before_ = tr("before, %1").arg(roundName(report.rival).toLower());
    after_ = tr("after, %1").arg(roundName(report.scored).toLower());
    if (key == shown_) return;
    shown_ = key;
    pairs_.clear();
    update();
    if (wanted.empty()) return;
    auto pairs = std::make_shared<std::vector<Pair>>();
    const QColor warn = tokenColour(Token::Warn, true),
                 ok = tokenColour(Token::Ok, true);  // over an image, in any theme
    QPointer<BeforeAfter> guard(this);
    workspace_.jobs().submit(JobRequest{Text(FOVEA_TR("Draw before and after")),
                                        Lane::Cpu,
                                        [pairs, wanted, warn, ok, project = workspace_.sharedProject()](Job& job) {
                                            for (const Wanted& one : wanted) {
                                                job.check();
                                                const ImagePtr image = project->image(one.caseId);
                                                pairs->push_back({draw(image, zarr::open(one.before), one, warn),
                                                                  draw(image, zarr::open(one.after), one, ok)});
                                            }
                                        },
                                        [guard, pairs, key](const Outcome& outcome) {
                                            if (!guard || guard->shown_ != key) return;
                                            if (outcome.state == JobState::Done) guard->pairs_ = *pairs;
                                            guard->update();
                                        },
                                        {},
                                        false});
}

void BeforeAfter::paintPicture(QPainter& painter, const QRect& place, const QImage& image, const QString& text,
                               Token dot) const {
    const QSize size = image.size().scaled(place.size(), Qt::KeepAspectRatio);
    const QRect target(place.topLeft(), size);
    painter.drawImage(target, image);
    const QFont font = theme_.font(TextRole::Hint);
    painter.setFont(font);
    const QFontMetrics metrics(font);
    const int width = metrics.horizontalAdvance(text) + 30, height = theme_.size(chipHeight);
    const QRect chip(target.left() + 8, target.top() + 8, std::min(width, target.width() - 16), height);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme_.colour(Token::Hud));
    painter.drawRoundedRect(chip, 4, 4);
    painter.setBrush(tokenColour(dot, true));
    painter.drawEllipse(QPointF(chip.left() + 11, chip.center().y() + 1), 3.5, 3.5);
    painter.setPen(theme_.colour(Token::HudText));
    const QRect inside = chip.adjusted(20, 0, -4, 0);
    painter.drawText(inside, Qt::AlignVCenter | Qt::AlignLeft,
                     metrics.elidedText(text, Qt::ElideRight, inside.width()));
}

void BeforeAfter::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    if (pairs_.empty()) {
        painter.setPen(theme_.colour(Token::Faint));
        painter.setFont(theme_.font(TextRole::Small));
        painter.drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap,
                         tr("Pictures of the check patches come with the figures."));
        return;
    }
    // Two pictures of a pair stand close, pairs apart; one pair alone is not blown up beyond its share of three.
    const auto cellOf = [&](int count) { return std::min((width() - (2 * count - 1) * gap) / (2 * count), height()); };
    int count = int(pairs_.size());
    while (count > 1 && cellOf(count) < theme_.size(leastCell)) --count;
    const int cell = cellOf(count);
    int x = 0;
    for (const Pair& pair : std::span(pairs_).first(std::size_t(count))) {
        paintPicture(painter, {x, 0, cell, height()}, pair.before, before_, Token::Warn);
        paintPicture(painter, {x + cell + gap / 3, 0, cell, height()}, pair.after, after_, Token::Ok);
        x += 2 * cell + gap / 3 + 2 * gap;
    }
}

}  // namespace fovea::ui
