#include "parity/kinds.h"
#include "parity/recipes.h"
#include "query/k_centre.h"

namespace fovea::parity {

Values coreset(const GoldenCase& golden) {
    if (golden.config.contains("distance") && golden.config["distance"] != "1 - cosine")
        throw Error(ErrorKind::Format,
                    {"unknown distance {distance}", {{"distance", golden.config["distance"].dump()}}});
    const tensorfile::Tensor features = featureMatrix(golden, golden.input("features"));
    Job job;
    const query::KCentres result =
        query::greedyKCentres(features.as<float>(), features.shape.at(1), wholeNumber(golden.option("size")),
                              wholeNumbers(golden.option("start")), job);
    return {{"order", json(result.order)},
            {"chosen_distance",
             tensorfile::Tensor::from({std::int64_t(result.chosenDistance.size())}, result.chosenDistance)},
            {"covering_radius_end", json(result.coveringRadius)},
            {"input_check", inputCheck(features)}};
}

}  // namespace fovea::parity
