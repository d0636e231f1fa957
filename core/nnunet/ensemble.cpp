#include "nnunet/ensemble.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "nnunet/label_maps.h"
#include "nnunet/probabilities.h"
#include "nnunet/properties_file.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using plan::nnunet::DatasetJson;
using Outputs = std::vector<Volume<float>>;
using Sources = std::deque<ProbabilityFile>;

namespace {

constexpr std::int64_t slabVoxels = std::int64_t(1) << 20;

std::set<std::string> casesWithProbabilities(const fs::path& folder) {
    std::set<std::string> cases;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (entry.path().extension() == ".npz") cases.insert(entry.path().stem().string());
    if (error || cases.empty())
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("{path} holds no saved probabilities (<case>.npz). An ensemble needs them of every "
                              "model: predict again with probabilities saved."),
                     {{"path", folder.string()}}});
    return cases;
}

// Those of all folders, which must be the same.
std::vector<std::string> commonCases(const std::vector<fs::path>& folders) {
    const std::set<std::string> cases = casesWithProbabilities(folders.front());
    for (const fs::path& folder : folders) {
        const std::set<std::string> others = casesWithProbabilities(folder);
        for (const auto& [have, lack, where] :
             {std::tuple(&cases, &others, &folder), std::tuple(&others, &cases, &folders.front())})
            for (const std::string& name : *have)
                if (!lack->contains(name))
                    throw Error(ErrorKind::Missing,
                                {FOVEA_TR("{path} is not there, but another model has this case. Predict the same "
                                          "images with every model, with probabilities saved."),
                                 {{"path", probabilitiesPath(*where, name).string()}}});
    }
    return {cases.begin(), cases.end()};
}

Sources openAll(const std::vector<fs::path>& folders, const std::string& name, const ImageInfo& map,
                std::int64_t outputs) {
    Sources sources;
    for (const fs::path& folder : folders) {
        const ProbabilityFile& one = sources.emplace_back(probabilitiesPath(folder, name));
        if (!(one.shape() == map.shape()) || one.outputs() != outputs)
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("{path} holds {n} probabilities of {shape} voxels, but the data set has {outputs} "
                                  "and the label map {map} {want}. Use models of one data set and their own files."),
                         {{"path", probabilitiesPath(folder, name).string()},
                          {"n", std::to_string(one.outputs())},
                          {"shape", toString(one.shape())},
                          {"outputs", std::to_string(outputs)},
                          {"map", map.path},
                          {"want", toString(map.shape())}}});
    }
    return sources;
}

// Of the planes [begin, end); added up in the order of the folders, then divided.
Outputs meanOf(const Sources& sources, std::int64_t begin, std::int64_t end) {
    Outputs mean;
    for (std::int64_t output = 0; output < sources.front().outputs(); ++output) {
        Volume<float>& sum = mean.emplace_back(sources.front().read(output, begin, end));
        for (std::size_t s = 1; s < sources.size(); ++s) {
            const Volume<float> more = sources[s].read(output, begin, end);
            std::transform(sum.begin(), sum.end(), more.begin(), sum.begin(), std::plus<>());
        }
        for (float& value : sum) value /= float(sources.size());
    }
    return mean;
}

template <class A, class B>
void putPlanes(const Volume<A>& part, std::int64_t begin, Volume<B>& whole) {
    copyBox(part, part.box(), whole, {begin, 0, 0});
}

void ensembleCase(const Files& files, const std::vector<fs::path>& folders, const fs::path& to, const std::string& name,
                  const DatasetJson& dataset, bool save, const Job& job) {
    const std::string file = name + dataset.fileEnding;
    const ImagePtr map = files.open(folders.front() / file);
    const Index n = map->info().shape();
    const Sources sources = openAll(folders, name, map->info(), dataset.labels.outputs());
    Volume<std::uint16_t> labels(n);
    Outputs kept(save ? std::size_t(dataset.labels.outputs()) : 0, Volume<float>(save ? n : Index{}));
    const std::int64_t planes = std::max<std::int64_t>(1, slabVoxels / std::max<std::int64_t>(1, n.y * n.x));
    for (std::int64_t begin = 0; begin < n.z; begin += planes) {
        job.check();
        const Outputs mean = meanOf(sources, begin, std::min(begin + planes, n.z));
        putPlanes(dataset.labels.mapOf(mean), begin, labels);
        for (std::size_t output = 0; output < kept.size(); ++output) putPlanes(mean[output], begin, kept[output]);
    }
    Job quiet;  // progress counts cases
    writeLabelMap(files, to / file, AnyVolume::from(labels), map->info(), quiet);
    if (!save) return;
    saveProbabilities(probabilitiesPath(to, name), kept);
    std::error_code error;
    if (const fs::path properties = propertiesPath(folders.front(), name); fs::exists(properties, error))
        file::copy(properties, propertiesPath(to, name));
}

}  // namespace

void ensemble(const Files& files, const std::vector<fs::path>& folders, const fs::path& to, const DatasetJson& dataset,
              bool save, Job& job) {
    if (folders.size() < 2)
        throw Error(ErrorKind::Input, FOVEA_TR("An ensemble needs the predictions of two models or more."));
    const std::vector<std::string> cases = commonCases(folders);
    file::makeFolder(to);
    forEachCase(cases, job, [&](std::size_t i) { ensembleCase(files, folders, to, cases[i], dataset, save, job); });
}

}  // namespace fovea::nnunet
