#pragma once
#include <string>
#include <utility>
#include <vector>

#include "data/picture.h"

namespace fovea::stage {

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
