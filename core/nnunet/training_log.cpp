#include "nnunet/training_log.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/file.h"

namespace fovea::nnunet {

using nlohmann::ordered_json;

namespace {

// JSON knows no NaN; files of our own say null.
double numberIn(const ordered_json& value) {
    return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

double at(const ordered_json& lists, const char* name, std::size_t epoch) { return numberIn(lists.at(name).at(epoch)); }

}  // namespace

TrainingLog::TrainingLog(const ordered_json& lists, std::size_t epochs) {
    if (lists.is_null()) return;
    try {
        const std::size_t known = std::min(epochs, lists.at("train_losses").size());
        for (std::size_t e = 0; e < known; ++e) {
            EpochFigures one;
            one.trainLoss = at(lists, "train_losses", e);
            one.validationLoss = at(lists, "val_losses", e);
            one.learningRate = at(lists, "lrs", e);
            one.began = at(lists, "epoch_start_timestamps", e);
            one.ended = at(lists, "epoch_end_timestamps", e);
            for (const auto& dice : lists.at("dice_per_class_or_region").at(e)) one.dice.push_back(numberIn(dice));
            add(one);
        }
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("The log of the training cannot be read ({why}). Start the training anew."),
                     {{"why", error.what()}}});
    }
}

TrainingLog TrainingLog::load(const std::filesystem::path& path, std::size_t epochs) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return {};
    return {file::readOrderedJson(path), epochs};
}

void TrainingLog::save(const std::filesystem::path& path) const { file::write(path, lists().dump(2) + "\n"); }

bool TrainingLog::add(const EpochFigures& figures) {
    epochs_.push_back(figures);
    const double mean = train::meanOfKnown(figures.dice);
    // An epoch whose patches held no foreground tells nothing.
    const bool tells = !std::isnan(mean), best = tells && moving_.add(mean);
    ema_.push_back(moving_.value().value_or(0));
    if (best) best_ = ema_.back();
    if (tells) sinceBest_ = best ? 0 : sinceBest_ + 1;
    return best;
}

ordered_json TrainingLog::lists() const {
    ordered_json lists = {{"mean_fg_dice", ordered_json::array()},
                          {"ema_fg_dice", ema_},
                          {"dice_per_class_or_region", ordered_json::array()}};
    for (const char* name : {"train_losses", "val_losses", "lrs", "epoch_start_timestamps", "epoch_end_timestamps"})
        lists[name] = ordered_json::array();
    for (const EpochFigures& one : epochs_) {
        const double mean = train::meanOfKnown(one.dice);
        lists["mean_fg_dice"].push_back(mean);
        lists["dice_per_class_or_region"].push_back(one.dice);
        lists["train_losses"].push_back(one.trainLoss);
        lists["val_losses"].push_back(one.validationLoss);
        lists["lrs"].push_back(one.learningRate);
        lists["epoch_start_timestamps"].push_back(one.began);
        lists["epoch_end_timestamps"].push_back(one.ended);
    }
    return lists;
}

}  // namespace fovea::nnunet
