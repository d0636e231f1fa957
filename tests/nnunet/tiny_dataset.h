#pragma once
#include <algorithm>

#include "base/file.h"
#include "data/synthetic.h"
#include "io/formats.h"
#include "nnunet/fold_data.h"
#include "nnunet/prepare_dataset.h"

// A raw data set of invented volumes in nnU-Net's layout, planned for networks that learn in seconds.
namespace fovea::test {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct TinyDataset {
    file::TempFolder temp;
    nnunet::Roots roots{temp.path() / "raw", temp.path() / "preprocessed", temp.path() / "results"};
    std::string name = "Dataset007_Tiny";
    nnunet::Files files{[](const fs::path& path) { return io::open(path.string()); },
                        [](const fs::path& path, const ImageSource& labels, Job& job) {
                            io::write(path, labels, {.labels = true}, job);
                        }};
    Job job;

    // `labels` as in dataset.json; classOf(object) is an object's label.
    TinyDataset(int cases, Index shape, const std::string& labels, int (*classOf)(int), const std::string& order = "") {
        const fs::path raw = roots.raw / name;
        for (int i = 0; i < cases; ++i) {
            const SyntheticSample sample = makeSample("nuclei", shape, std::uint64_t(i + 1));
            Volume<std::uint8_t> classes(shape);
            std::transform(sample.truth.begin(), sample.truth.end(), classes.begin(),
                           [&](std::int32_t id) { return std::uint8_t(id > 0 ? classOf(id) : 0); });
            classes.geometry = sample.image.geometry;
            put(raw / "imagesTr" / (caseName(i) + "_0000.nii.gz"), sample.image, false);
            put(raw / "labelsTr" / (caseName(i) + ".nii.gz"), classes, true);
        }
        file::write(raw / "dataset.json", R"({"channel_names": {"0": "fluorescence"}, "file_ending": ".nii.gz", )"
                                          R"("numTraining": )" +
                                              std::to_string(cases) + R"(, "labels": )" + labels +
                                              (order.empty() ? "" : R"(, "regions_class_order": )" + order) + "}");
    }

    static std::string caseName(int i) { return "cell_" + std::to_string(i); }
    nnunet::DatasetFolders folders() const { return {roots, "7"}; }

    template <class T>
    void put(const fs::path& path, const Volume<T>& volume, bool labels) {
        file::makeFolder(path.parent_path());
        io::write(path, MemoryImage({AnyVolume::from(volume)}), {.labels = labels}, job);
    }

    // Plans, makes every network as small as `features` and its patch `patch` (2D: its last two), and preprocesses.
    void prepare(std::vector<std::int64_t> features = {4, 8}, std::vector<std::int64_t> patch = {8, 16, 16},
                 const std::string& configuration = "3d_fullres") {
        const auto planned = nnunet::planDataset(folders(), files, {}, false, job);
        ordered_json plans = file::readOrderedJson(planned.plans);
        for (auto& [unused, entry] : plans["configurations"].items()) {
            const std::size_t dims = entry["patch_size"].size();
            shrink(entry, features, {patch.end() - std::ptrdiff_t(std::min(dims, patch.size())), patch.end()});
        }
        file::write(planned.plans, plans.dump(4));
        nnunet::preprocessDataset(folders(), files, "nnUNetPlans", {configuration}, false, job);
    }

    static void shrink(ordered_json& entry, const std::vector<std::int64_t>& features,
                       const std::vector<std::int64_t>& patch) {
        const std::size_t stages = features.size(), dims = patch.size();
        ordered_json& kwargs = entry["architecture"]["arch_kwargs"];
        entry["patch_size"] = patch;
        entry["batch_size"] = 2;
        kwargs["n_stages"] = stages;
        kwargs["features_per_stage"] = features;
        kwargs["kernel_sizes"] = std::vector(stages, std::vector<int>(dims, 3));
        kwargs["strides"] = std::vector(stages, std::vector<int>(dims, 2));
        kwargs["strides"][0] = std::vector<int>(dims, 1);
        kwargs["n_conv_per_stage"] = std::vector<int>(stages, 1);
        kwargs["n_conv_per_stage_decoder"] = std::vector<int>(stages - 1, 1);
    }
};

}  // namespace fovea::test
