#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/box.h"
#include "data/image_source.h"
#include "plan/preprocess.h"
#include "train/sample_source.h"
#include "train/targets.h"

namespace fovea::train {

// One image with what is known about it. labels: instance ids, weight: 0 = not known … 255 = certain; both one channel
// of the image's shape. weight null: everything is certain.
struct TrainCase {
    std::string id;
    ImagePtr image, labels, weight;
    std::vector<plan::ChannelNorm> norms;  // one per channel
    std::vector<Box> held;                 // never read: test boxes with their guard
    std::vector<Box> focus;                // annotated patches; samples that start in one stay inside where they fit
};

// Where samples come from and how much they count: annotated places (share 1, certainty 1), replayed pseudo-labels
// (share 1, certainty 0.5).
struct TrainSource {
    std::vector<TrainCase> cases;
    double share = 1;      // of the samples, relative to the other sources
    double certainty = 1;  // factor on every weight
};

enum class Placement {
    Inside,  // anywhere over a known voxel; the patch stays in the image where it fits
    // nnU-Net's (spec section 4.2): over any place of a wholly known image, centred on a known voxel otherwise. It may
    // reach beyond the image, where it is 0 and background.
    Anywhere,
};

struct SamplerOptions {
    Index patch;  // depth 1 for 2D
    TargetRule rule;
    AugmentOptions augment;
    double foreground = 0.5;  // share of samples placed around known foreground
    Placement placement = Placement::Inside;
    std::int64_t batch = 1;  // Anywhere: the last samples of each batch are the ones around foreground
    std::uint64_t seed = 0;
};

// See SampleSource. Memory: one small record per 16² to 64² cell that holds something known, plus the windows in hand.
class PatchSampler : public SampleSource {
  public:
    // Looks through labels and weights once. Throws Error(Input): nothing known outside held boxes, shapes that differ,
    // another number of channels.
    PatchSampler(std::vector<TrainSource> sources, SamplerOptions options, Job& job);

    // Channels normalised and augmented, classes, certainty 0…1. Never reads a held box: windows are cut there, the
    // rest is mirrored image with certainty 0.
    SampleArrays sample(std::uint64_t index) const override;

    const SamplerOptions& options() const { return options_; }
    std::int64_t knownVoxels() const { return known_; }
    std::int64_t knownForeground() const { return foreground_; }

  private:
    struct Cell {
        Box box;
        std::int64_t known, foreground;  // running totals up to and including this cell
    };
    struct Indexed {
        const TrainCase* one;
        std::vector<Cell> cells;
    };
    struct Indices {
        std::vector<Indexed> known, foreground;  // cases that have some
    };

    Indexed scan(const TrainCase& one, Job& job);
    Index locate(const Indexed& indexed, bool foreground, Rng& rng) const;
    bool aroundForeground(std::uint64_t index) const;
    Box place(const TrainCase& one, Index location, Rng& rng) const;
    Box placeAnywhere(const TrainCase& one, std::optional<Index> location, Rng& rng) const;
    SampleArrays readWindow(const TrainCase& one, const Box& window, Index location, double certainty) const;

    std::vector<TrainSource> sources_;
    SamplerOptions options_;
    std::vector<Indices> indices_;  // parallel to sources_
    std::int64_t known_ = 0, foreground_ = 0;
};

}  // namespace fovea::train
