#include "services.h"
#include "zarr/ome_zarr.h"

namespace fovea::app {

using nlohmann::json;

ImagePtr openImage(const std::string& path, int timepoint, const std::filesystem::path&) {
    return zarr::open(path, timepoint);
}

std::vector<std::string> resolveImages(const std::string& path) { return {path}; }

void writeImage(const std::filesystem::path& path, const ImageSource& image, bool labels, Job& job) {
    zarr::Layout layout;
    layout.dtype = image.info().dtype;
    layout.shape = image.info().shape();
    layout.channels = image.info().channels;
    layout.geometry = image.info().geometry;
    layout.labels = labels;
    zarr::Writer writer(path, layout);
    for (int channel = 0; channel < layout.channels; ++channel)
        forEachTile(Box::of(layout.shape), {layout.chunk.z, layout.shape.y, layout.shape.x}, [&](const Box& slab) {
            job.check();
            writer.write(channel, slab, image.read(0, channel, slab));
        });
    writer.buildLevels();
}

CommittedLabels commitLabels(const project::Artifacts&, int, const GivenLabels&, Job&) {
    throw Error(ErrorKind::Unsupported,
                FOVEA_TR("This build cannot edit labels. Commit them where the project lives."));
}

namespace {

[[noreturn]] void refuseExchange() {
    throw Error(ErrorKind::Unsupported,
                FOVEA_TR("This build cannot exchange data sets. Do it where the project lives."));
}

}  // namespace

json importNnunet(project::Project&, const project::StageList&, const std::filesystem::path&, Job&) {
    refuseExchange();
}

json exportNnunet(const project::Project&, const project::StageList&, const std::filesystem::path&,
                  const std::filesystem::path&, Job&) {
    refuseExchange();
}

json describeFormats() {
    return {{"formats",
             {{{"id", "ome-zarr"},
               {"title", "OME-Zarr"},
               {"suffixes", {".zarr"}},
               {"reads", true},
               {"writes", true},
               {"streams", true}}}}};
}

}  // namespace fovea::app
