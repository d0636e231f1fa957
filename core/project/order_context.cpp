#include "project/order_context.h"

#include "project/case_image.h"

namespace fovea::project {

namespace fs = std::filesystem;

OrderContext::OrderContext(fs::path folder, WorkOrder order, ImageOpener opener)
    : folder_(std::move(folder)), order_(std::move(order)), opener_(std::move(opener)) {
    for (const Case& c : order_.cases) caseIds_.push_back(c.id);
}

const Case& OrderContext::caseOf(const std::string& caseId) const {
    for (const Case& c : order_.cases)
        if (c.id == caseId) return c;
    throw Error(ErrorKind::Internal, {"image {id} is not part of this work order", {{"id", caseId}}});
}

ImagePtr OrderContext::image(const std::string& caseId) const {
    ImagePtr& image = images_[caseId];
    if (!image) {
        const Case& c = caseOf(caseId);
        image = withDetails(opener_((folder_ / c.path).string(), c.timepoint, folder_ / order_.cache), c.spacing,
                            c.channelNames);
        if (image->info().shape() != c.shape || image->info().channels != c.channels)
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("{path} is not the image it was when {id} was imported. Put the old file back."),
                         {{"path", c.path}, {"id", c.id}}});
    }
    return image;
}

std::vector<HeldOut> OrderContext::heldOut(const std::string& caseId) const { return heldOutOf(caseOf(caseId)); }

std::optional<fs::path> OrderContext::find(const std::string& kind, const std::string& caseId) const {
    for (const WorkOrder::Input& input : order_.inputs)
        if (input.kind == kind && input.caseId == caseId) return folder_ / input.path;
    return std::nullopt;
}

fs::path OrderContext::input(const std::string& kind, const std::string& caseId) const {
    if (const auto path = find(kind, caseId)) return *path;
    const auto maker = order_.missing.find(kind);
    if (maker == order_.missing.end())
        throw Error(ErrorKind::Internal, {"{stage} asked for {kind}, which it does not declare as a need",
                                          {{"stage", order_.stage}, {"kind", kind}}});
    throw Error(ErrorKind::Missing, {FOVEA_TR("{stage} needs {kind}, which is not there yet. Run {maker} first."),
                                     {{"stage", order_.stage}, {"kind", kind}, {"maker", maker->second}}});
}

ImagePtr OrderContext::open(const std::string& path) const { return opener_(path, 0, folder_ / order_.cache); }

}  // namespace fovea::project
