#include "labels/training_view.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace fovea::labels {

namespace {

// What one label value means for training.
// InPatch: certain, but it may go on where its complete patch ends: nothing is known beyond.
enum class Part : std::uint8_t { Background, Unknown, Unsure, Certain, InPatch, Unseen, NothingHere };

bool insideOne(const std::vector<Box>& patches, const Box& box) {
    return std::any_of(patches.begin(), patches.end(), [&](const Box& patch) { return patch.contains(box); });
}

Part partOf(const ObjectTable& objects, const std::vector<Box>& patches, ObjectId id) {
    if (id == 0) return Part::Background;
    const auto row = objects.find(id);
    if (row == objects.end()) return Part::Unknown;
    switch (row->second.state) {
        case State::Accepted:
        case State::Fixed:
            return insideOne(patches, row->second.box) ? Part::InPatch : Part::Certain;
        case State::AcceptedUnseen:
            return Part::Unseen;
        case State::NothingHere:
            return Part::NothingHere;
        case State::Unsure:
            return Part::Unsure;
        default:
            return Part::Unknown;
    }
}

Volume<Part> partsOf(const ObjectTable& objects, const std::vector<Box>& patches, const Volume<std::int32_t>& labels) {
    Volume<Part> parts(labels.shape());
    std::unordered_map<ObjectId, Part> known;
    ObjectId last = 0;
    Part part = Part::Background;
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        if (const ObjectId id = labels.data()[i]; id != last) {
            last = id;
            const auto found = known.find(id);
            part = found != known.end() ? found->second : known.emplace(id, partOf(objects, patches, id)).first->second;
        }
        parts.data()[i] = part;
    }
    return parts;
}

constexpr float far = std::numeric_limits<float>::max();

// Squared distance to the nearest zero of one line (Felzenszwalb, Huttenlocher 2012), in units of `step`.
void lowerEnvelope(const float* f, float* out, std::int64_t n, std::int64_t stride, float step,
                   std::vector<std::int64_t>& sites, std::vector<float>& borders) {
    std::int64_t k = -1;
    for (std::int64_t q = 0; q < n; ++q) {
        if (f[q * stride] == far) continue;
        const float fq = f[q * stride] / (step * step);
        float s = -far;
        while (k >= 0) {
            const float fv = f[sites[k] * stride] / (step * step);
            s = ((fq + float(q) * float(q)) - (fv + float(sites[k]) * float(sites[k]))) / (2.0f * float(q - sites[k]));
            if (s > borders[k]) break;
            --k;
        }
        if (k < 0) s = -far;
        ++k;
        sites[k] = q;
        borders[k] = s;
    }
    if (k < 0) {
        for (std::int64_t q = 0; q < n; ++q) out[q] = far;
        return;
    }
    std::int64_t at = 0;
    for (std::int64_t q = 0; q < n; ++q) {
        while (at < k && borders[at + 1] < float(q)) ++at;
        const float d = float(q - sites[at]) * step;
        out[q] = d * d + f[sites[at] * stride];
    }
}

// True for background within `reach` µm of a voxel of `wanted` in its own section, or directly above or below one.
Volume<std::uint8_t> rimOf(const Volume<Part>& parts, Part wanted, Vec3 spacing, double reach) {
    const Index n = parts.shape();
    Volume<std::uint8_t> rim(n);
    Volume<float> near({1, n.y, n.x});
    const std::int64_t longest = std::max(n.y, n.x);
    std::vector<std::int64_t> sites(static_cast<std::size_t>(longest));
    std::vector<float> borders(std::size_t(longest) + 1), line(static_cast<std::size_t>(longest));
    for (std::int64_t z = 0; z < n.z; ++z) {
        bool any = false;
        for (std::int64_t i = 0; i < n.y * n.x; ++i) {
            const bool hit = parts.data()[z * n.y * n.x + i] == wanted;
            near.data()[i] = hit ? 0 : far;
            any = any || hit;
        }
        for (const std::int64_t other : {z - 1, z + 1})
            if (other >= 0 && other < n.z)
                for (std::int64_t i = 0; i < n.y * n.x; ++i)
                    if (parts.data()[other * n.y * n.x + i] == wanted) rim.data()[z * n.y * n.x + i] = 1;
        if (!any) continue;
        for (std::int64_t y = 0; y < n.y; ++y) {
            float* row = near.data() + y * n.x;
            lowerEnvelope(row, line.data(), n.x, 1, float(spacing.x), sites, borders);
            std::copy(line.begin(), line.begin() + n.x, row);
        }
        for (std::int64_t x = 0; x < n.x; ++x) {
            lowerEnvelope(near.data() + x, line.data(), n.y, n.x, float(spacing.y), sites, borders);
            for (std::int64_t y = 0; y < n.y; ++y)
                if (line[y] <= float(reach * reach) * 1.0001f) rim(z, y, x) = 1;
        }
    }
    return rim;
}

// 1 where a prediction says background.
Volume<std::uint8_t> believedBackground(const Box& box, const ImageSource& probability, const ImageSource* pseudo,
                                        double below) {
    const AnyVolume raw = probability.read(0, 0, box);
    const double scale = raw.dtype == DType::F32 || raw.dtype == DType::F64 ? 1 : 255;
    Volume<std::uint8_t> result(box.extent());
    dispatch(raw.dtype, [&]<class T>(T) {
        const T* values = raw.as<T>();
        for (std::int64_t i = 0; i < result.size(); ++i) result.data()[i] = double(values[i]) < below * scale;
    });
    if (pseudo) {
        const Volume<std::int32_t> labels = readLabels(*pseudo, box);
        for (std::int64_t i = 0; i < result.size(); ++i)
            if (labels.data()[i] != 0) result.data()[i] = 0;
    }
    return result;
}

}  // namespace

TrainingView::TrainingView(const EditSession& session, TrainingRules rules)
    : layer_(session.layer().copy()),
      marks_(session.marks().copy()),
      objects_(session.objects()),
      patches_(session.completePatches()),
      position_(session.journalPosition()),
      rules_(rules) {}

namespace {

double reachOf(const TrainingRules& rules, Vec3 spacing) {
    return std::max(rules.rimNm / 1000, 2 * std::max(spacing.y, spacing.x));
}

}  // namespace

Index TrainingView::rim() const {
    const Vec3 spacing = layer_.geometry().spacing;
    const double reach = reachOf(rules_, spacing);
    return {1, std::int64_t(std::ceil(reach / spacing.y)), std::int64_t(std::ceil(reach / spacing.x))};
}

TrainingView::Arrays TrainingView::read(const Box& box, const ImageSource* probability,
                                        const ImageSource* pseudo) const {
    const Box wide = box.grown(rim()).intersected(Box::of(layer_.shape()));
    const Volume<std::int32_t> around = layer_.read(wide);
    const Volume<Part> parts = partsOf(objects_, patches_, around);
    const Volume<Part> marked = partsOf(objects_, patches_, marks_.read(box));
    const Vec3 spacing = layer_.geometry().spacing;
    const double reach = reachOf(rules_, spacing);
    const Box inner = box.shifted(Index{} - wide.begin);
    const auto rimInside = [&](Part part) {
        const bool any = std::find(parts.begin(), parts.end(), part) != parts.end();
        return any ? crop(rimOf(parts, part, spacing, reach), inner) : Volume<std::uint8_t>(box.extent());
    };
    const Volume<std::uint8_t> rimCertain = rimInside(Part::Certain), rimUnseen = rimInside(Part::Unseen);
    const Volume<std::uint8_t> believed = probability
                                              ? believedBackground(box, *probability, pseudo, rules_.backgroundBelow)
                                              : Volume<std::uint8_t>(box.extent());
    const Volume<Part> part = crop(parts, inner);

    Arrays out{crop(around, inner), Volume<std::uint8_t>(box.extent())};
    out.labels.geometry = out.weight.geometry = layer_.geometry();
    for (std::int64_t i = 0; i < out.weight.size(); ++i) {
        std::uint8_t& weight = out.weight.data()[i];
        switch (part.data()[i]) {
            case Part::Certain:
            case Part::InPatch:
                weight = 255;
                break;
            case Part::Unseen:
                weight = rules_.unseenWeight;
                break;
            case Part::Background:
                if (marked.data()[i] == Part::NothingHere)
                    weight = 255;
                else if (marked.data()[i] == Part::Unknown)
                    weight = 0;
                else if (rimCertain.data()[i])
                    weight = 255;
                else if (rimUnseen.data()[i])
                    weight = rules_.unseenWeight;
                else if (believed.data()[i])
                    weight = rules_.backgroundWeight;
                break;
            default:
                break;
        }
    }
    for (const Box& patch : patches_) {
        const Box common = patch.intersected(box);
        if (common.empty()) continue;
        forEachTile(common, {1, 1, common.extent().x}, [&](const Box& row) {
            for (Index v = row.begin; v.x < row.end.x; ++v.x) {
                const std::int64_t i = out.weight.offset(v - box.begin);
                const bool wrong = part.data()[i] == Part::Background && marked.data()[i] == Part::Unknown;
                if (part.data()[i] != Part::Unsure && !wrong) out.weight.data()[i] = 255;
            }
        });
    }
    for (std::int64_t i = 0; i < out.weight.size(); ++i)
        if (out.weight.data()[i] == 0) out.labels.data()[i] = 0;
    return out;
}

std::vector<Box> TrainingView::known() const {
    std::vector<Box> boxes = patches_;
    const Box volume = Box::of(layer_.shape());
    for (const auto& [id, object] : objects_)
        if (object.state == State::NothingHere)
            boxes.push_back(object.box);
        else if (isFrozen(object.state) || object.state == State::AcceptedUnseen)
            boxes.push_back(object.box.grown(rim()).intersected(volume));
    std::erase_if(boxes, [](const Box& box) { return box.empty(); });
    return boxes;
}

}  // namespace fovea::labels
