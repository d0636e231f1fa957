#include "io/formats.h"
#include "services.h"
#include "stage/annotate_from.h"

namespace fovea::app {

using nlohmann::json;

ImagePtr openImage(const std::string& path, int timepoint, const std::filesystem::path& cache) {
    return io::open(path, {.timepoint = timepoint, .cache = cache});
}

std::vector<std::string> resolveImages(const std::string& path) { return io::resolve(path); }

void writeImage(const std::filesystem::path& path, const ImageSource& image, bool labels, Job& job) {
    io::WriteOptions options;
    options.labels = labels;
    io::write(path, image, options, job);
}

Text commitLabels(const project::Artifacts& artifacts, int round, const std::string& labelsPath, Job& job) {
    const stage::CommittedTruth done = stage::commitTruth(artifacts, round, labelsPath, job);
    return {FOVEA_TR("Labels committed in {patches} patches; {already} were complete before."),
            {{"patches", std::to_string(done.patches)}, {"already", std::to_string(done.already)}}};
}

json describeFormats() {
    json rows = json::array();
    for (const io::FormatInfo& f : io::formats())
        rows.push_back({{"id", f.id},
                        {"title", f.title.str()},
                        {"suffixes", f.suffixes},
                        {"reads", f.reads},
                        {"writes", f.writes},
                        {"streams", f.streams}});
    return {{"formats", rows}};
}

}  // namespace fovea::app
