#pragma once
#include <cmath>
#include <memory>

#include "base/rng.h"
#include "data/image_source.h"
#include "labels/edit_session.h"

// Small label volumes and comparisons shared by the tests of this folder.
namespace samples {

using namespace fovea;
using namespace fovea::labels;

// Bricks of labels with gaps, ids from `first` on.
inline Volume<std::int32_t> bricks(Index shape, std::int32_t first = 1) {
    Volume<std::int32_t> volume(shape);
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x)
                if ((x + y / 3) % 11 < 9 && y % 7 < 6 && z % 5 < 4)
                    volume(z, y, x) = first + std::int32_t(z / 5 * 100 + y / 7 * 10 + (x + y / 3) / 11);
    return volume;
}

inline ImagePtr image(const Volume<std::int32_t>& volume, const std::string& name = "bricks") {
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(volume)}, name);
}

inline ObjectTable rowsOf(const ImagePtr& base) {
    Job job;
    return base ? tableOf(*base, "classical", job) : ObjectTable{};
}

inline Volume<std::int32_t> all(const LabelLayer& layer) { return layer.read(Box::of(layer.shape())); }

inline Volume<std::uint8_t> block(Index extent) { return Volume<std::uint8_t>(extent, 1); }

// Everything a person decided.
struct Picture {
    Volume<std::int32_t> labels, marks;
    ObjectTable rows;
    std::vector<Box> patches;
    explicit Picture(const EditSession& s)
        : labels(all(s.layer())), marks(all(s.marks())), rows(s.objects()), patches(s.completePatches()) {}
    bool operator==(const Picture&) const = default;
};

// True when boxes and counts of all rows with voxels are what the volume says, and no label lacks its row.
inline bool rowsFit(const EditSession& s) {
    const ObjectTable truth = rowsOf(image(all(s.layer())));
    for (const auto& [id, row] : s.objects()) {
        const auto real = truth.find(id);
        if (real == truth.end() ? row.voxels != 0 : row.voxels != real->second.voxels || row.box != real->second.box)
            return false;
    }
    for (const auto& [id, row] : truth)
        if (!s.objects().contains(id)) return false;
    return true;
}

}  // namespace samples
