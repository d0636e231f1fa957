#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "data/volume.h"

namespace fovea::stage {

// RGB bytes, row by row.
struct Picture {
    std::int64_t width = 0, height = 0;
    std::vector<std::uint8_t> rgb;
};

// One section in grey (low…high → black…white) with the outlines of objects in colour. `labels` may be empty. Both are
// 1 × H × W.
Picture overlay(const Volume<float>& image, float low, float high, const Volume<std::int32_t>& labels);

// PNG file content, not compressed.
std::string pngBytes(const Picture& picture);
std::string base64(const std::string& bytes);
// Text for HTML.
std::string escaped(const std::string& text);

// A page that needs nothing beside itself: pictures are embedded, curves are SVG.
class HtmlReport {
  public:
    explicit HtmlReport(const std::string& title);
    void heading(const std::string& text);
    void paragraph(const std::string& text);
    void pictures(const std::vector<std::pair<std::string, Picture>>& captioned);  // side by side
    void table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);
    // Points x, y in any order of x; nothing is drawn for fewer than two.
    void curve(const std::string& caption, const std::vector<std::pair<double, double>>& points);
    std::string html() const;

  private:
    std::string title_, body_;
};

}  // namespace fovea::stage
