#include "nn/encoder.h"

#include "nn/plain_encoder.h"
#include "nn/residual_encoder.h"

namespace fovea::nn {

std::shared_ptr<Encoder> makeEncoder(const Topology& topology) {
    if (topology.encoder == EncoderKind::Residual) return std::make_shared<ResidualEncoder>(topology);
    return std::make_shared<PlainEncoder>(topology);
}

}  // namespace fovea::nn
