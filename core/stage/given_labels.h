#pragma once
#include <string>

#include "data/image_source.h"

namespace fovea::stage {

// Where the labels of a case are, for options that name one path for several cases: "{case}" in it is replaced; a
// folder that is no series but holds files named like the cases gives the one named `caseId`; anything else is meant
// for a single case. Throws Error(Missing) when nothing fits, Error(Input) for one file and several cases.
std::string givenPath(const std::string& path, const std::string& caseId, std::size_t cases);

// Labels of an image of `shape`, as int32. Ids beyond 32 bits and several channels (RGB) are an Error(Input); so is
// another shape.
Volume<std::int32_t> givenLabels(const ImageSource& labels, Index shape);

}  // namespace fovea::stage
