#include "segment/pseudo_labeler.h"

#include "segment/classical.h"

namespace fovea::segment {

void checkBox(const LabelRequest& request) {
    const ImageInfo& info = request.image.info();
    if (!request.box.empty() && Box::of(info.shape()).contains(request.box)) return;
    throw Error(ErrorKind::Input,
                {FOVEA_TR("The box {box} does not lie inside {path} ({shape}); choose one that does."),
                 {{"box", toString(request.box)}, {"path", info.path}, {"shape", toString(info.shape())}}});
}

const std::vector<std::shared_ptr<const PseudoLabeler>>& pseudoLabelers() {
    static const std::vector<std::shared_ptr<const PseudoLabeler>> list{classicalLabeler()};
    return list;
}

}  // namespace fovea::segment
