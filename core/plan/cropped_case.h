#pragma once
#include <cstdint>

#include "base/job.h"
#include "data/image_source.h"
#include "plan/axis_order.h"
#include "plan/nonzero_crop.h"

namespace fovea::plan {

// A case cropped to what is not zero, its axes in the network's order, read by planes of their axis 0 (that is the
// coarsest). Where that is not the stored axis 0, planes are cut out of thicker parts of the file, 256 MB each, that
// stay in memory: files are stored by planes of their own. Methods run on all threads and are called from one.
class CroppedCase {
  public:
    // Reads the image once to find the crop. `labels` may be null: 0 inside the mask, −1 outside. Throws Error(Input)
    // when shapes differ. Keeps references.
    CroppedCase(const ImageSource& image, const ImageSource* labels, const AxisOrder& order, Job& job);

    Index shape() const { return box_.extent(); }
    const Box& box() const { return box_; }  // within the whole image, network's axes
    Index wholeShape() const { return order_.toNetwork(image_.info().shape()); }
    int channels() const { return image_.info().channels; }

    // Grey values. Throws Error(Input) for values that are not numbers.
    void readImage(int channel, std::int64_t begin, std::int64_t end, float* out);
    // Classes, −1 where nothing is known to be there: label 0 outside the mask. Throws Error(Input) for labels that are
    // not whole numbers from 0 to 32767.
    void readLabels(std::int64_t begin, std::int64_t end, std::int16_t* out);

  private:
    // Planes [begin, end) of a channel as they are stored.
    struct Window {
        int channel = -1;
        std::int64_t begin = 0, end = 0;
        AnyVolume slab;
    };
    void load(Window& window, const ImageSource& source, int channel, std::int64_t begin, std::int64_t end) const;
    Box storedBox(std::int64_t begin, std::int64_t end) const;
    // Whether the mask is known to be set all along a row of the box that begins at `start` of the whole image.
    bool solidRow(Index start) const;
    // Calls f(number of the row, its first value, step to the next one, their count) for the rows along the network's
    // axis 2 of planes [begin, end), all within the window.
    template <class T, class F>
    void forEachRow(const Window& window, std::int64_t begin, std::int64_t end, F&& f) const;

    const ImageSource& image_;
    const ImageSource* labels_;
    AxisOrder order_;
    Job& job_;
    NonzeroCrop crop_;
    Box box_;
    bool solid_ = false;  // the mask is set everywhere in the box
    Window imageWindow_, labelWindow_;
};

}  // namespace fovea::plan
