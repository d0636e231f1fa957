#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "train/scores.h"

namespace fovea::nnunet {

// What one epoch of training brought.
struct EpochFigures {
    double trainLoss = 0, validationLoss = 0, learningRate = 0;
    std::vector<double> dice;     // pseudo Dice of each foreground class or region; NaN where a class never occurred
    double began = 0, ended = 0;  // seconds since 1970
};

// The lists that nnU-Net keeps in its checkpoints, one entry per epoch (spec nnunet.md section 3.7).
class TrainingLog {
  public:
    TrainingLog() = default;
    // From a checkpoint's "logging", or load(); lists longer than `epochs` are cut. Throws Error(Format).
    TrainingLog(const nlohmann::ordered_json& lists, std::size_t epochs);
    // Epochs up to `epochs` of the file; none when it is not there.
    static TrainingLog load(const std::filesystem::path& path, std::size_t epochs);
    void save(const std::filesystem::path& path) const;

    // Returns whether the moving average of the mean Dice is the best so far.
    bool add(const EpochFigures& figures);
    std::size_t epochs() const { return epochs_.size(); }
    std::optional<double> bestEma() const { return best_; }
    // Epochs since then that told something and were no better.
    std::size_t sinceBest() const { return sinceBest_; }
    const std::vector<double>& ema() const { return ema_; }

    nlohmann::ordered_json lists() const;

  private:
    std::vector<EpochFigures> epochs_;
    std::vector<double> ema_;
    train::MovingDice moving_;
    std::optional<double> best_;
    std::size_t sinceBest_ = 0;
};

}  // namespace fovea::nnunet
