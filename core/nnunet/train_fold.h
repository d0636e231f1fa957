#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "nnunet/fold_data.h"
#include "train/loop.h"

// nnU-Net's training of one fold (spec nnunet.md section 4).
namespace fovea::nnunet {

struct TrainOptions {
    std::int64_t epochs = 1000, iterations = 250, validationIterations = 50;  // iterations per epoch
    double learningRate = 0.01;
    double ema = 0;                   // decay of averaged weights, which are then judged and kept; 0 = none, as nnU-Net
    std::int64_t patience = 0;        // epochs without a better moving average before it stops early; 0 = never
    std::int64_t picturesEvery = 25;  // epochs; 0 = no pictures
    bool resume = false;              // go on with what the fold's folder holds, of this program or of nnU-Net
    std::filesystem::path pretrained;  // weights to start from, see train::loadPretrained(); empty = fresh
    std::string device = "cpu";
    std::string precision = "auto";  // "auto" = what is fastest here, "float32"
    int threads = 0;                 // of the network on the CPU; 0 = all
    int loaderThreads = -1;          // see train::BatchFeed
    std::uint64_t seed = 0;
};

struct TrainedFold {
    std::filesystem::path folder;  // <model>/fold_<fold>
    std::int64_t epochs = 0;
    double trainLoss = 0, validationLoss = 0, ema = 0;  // of the last epoch
    double secondsPerIteration = 0;                     // of this call, training alone
    bool stoppedEarly = false;
};

// Trains and writes plans.json, dataset.json and dataset_fingerprint.json into the model's folder and, into the fold's,
// checkpoint_best.pth (when the moving average of the pseudo Dice rises), checkpoint_latest.pth (every 50 epochs),
// checkpoint_final.pth (at the end, in place of the latest), training_log.json, curves.json and pictures of one
// validation patch, samples/epoch_<n>.png (after the first epoch, every so many and the last: image, labels,
// prediction); all open in nnU-Net or are ours alone. A stopped run goes on at the iteration it stopped at with
// `resume`, and gives on a CPU with one thread the same bytes. Throws Error(Input) when the fold's folder holds a
// training and `resume` is false, and as train::runLoop(); Cancelled. Thread: the batch lane.
TrainedFold trainFold(const PlannedTask& task, const std::string& fold, const TrainOptions& options, Job& job);

std::filesystem::path foldFolder(const PlannedTask& task, const std::string& fold);

}  // namespace fovea::nnunet
