#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "infer/sliding_window.h"
#include "nn/unet.h"

namespace fovea::infer {

// The network, placed on the device in the layout of `compute`, as a function for slideWindows(). Keeps the module
// alive.
Network networkOf(nn::UNet unet, const std::string& device, const nn::Compute& compute);

// Folds of one configuration as one network: the mean of their logits.
Network meanOf(std::vector<Network> folds);

// Labels of probabilities (K, …), int64: the largest class, the first on ties; for regions, in the order of
// `regionLabels` (one per channel), the label where the probability is above ½, later ones over earlier ones.
at::Tensor labelsOf(const at::Tensor& probabilities, const std::vector<std::int64_t>& regionLabels = {});

// The box to predict, grown to the patch where the image has voxels to show; the frame of the sliding window.
Box frameFor(const Box& box, Index patch, Index imageShape);

// Softmax over classes of one section's logits (K, y, x), background left out, as round(255 · p): (K − 1, y, x) uint8,
// CPU.
at::Tensor probabilityBytes(const at::Tensor& logits);

// Tiles of the box's plane (all of its sections each), so small that the sums of a sliding window for `classes` outputs
// take at most `budget` bytes; cut at multiples of 128, where chunks end.
std::vector<Box> planeTiles(const Box& box, const WindowOptions& options, std::size_t classes, std::uint64_t budget);

// Probabilities of `box`, in memory: one volume per class but the background, geometry set. For small boxes.
std::vector<Volume<std::uint8_t>> predictVolume(const ImageSource& image, const Box& box, const Network& network,
                                                const WindowOptions& options, Job& job);

struct PredictionTarget {
    std::filesystem::path zarr;           // OME-Zarr: uint8, one channel per class but the background
    std::vector<std::string> classNames;  // one per channel
    std::int64_t slabDepth = 16;          // sections written at once; also the chunks' depth
    std::uint64_t memoryBytes = std::uint64_t(2)
                                << 30;  // of the sliding window's sums; larger planes are cut into tiles
    std::string codec = "blosc";
    std::string key;  // whatever else the result depends on (model hash): another key starts afresh
};

// Predicts `box` into a grid of the whole image (0 elsewhere), slab by slab. After a stop the next call with the same
// arguments goes on where it was and leaves the same bytes; finished slabs are listed in "<zarr>.slabs.json". Coarser
// levels at the end.
void predictToZarr(const ImageSource& image, const Box& box, const Network& network, const WindowOptions& options,
                   const PredictionTarget& target, Job& job);

}  // namespace fovea::infer
