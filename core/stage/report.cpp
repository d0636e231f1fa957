#include "stage/report.h"

#include <algorithm>
#include <sstream>

namespace fovea::stage {

std::string base64(const std::string& bytes) {
    constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t v = 0;
        for (std::size_t k = 0; k < 3; ++k)
            v = v << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (int k = 0; k < 4; ++k) out += std::size_t(k) > bytes.size() - i ? '=' : digits[v >> (18 - 6 * k) & 63];
    }
    return out;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '&')
            out += "&amp;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

HtmlReport::HtmlReport(const std::string& title) : title_(title) {}

void HtmlReport::heading(const std::string& text) { body_ += "<h2>" + escaped(text) + "</h2>\n"; }
void HtmlReport::paragraph(const std::string& text) { body_ += "<p>" + escaped(text) + "</p>\n"; }

void HtmlReport::pictures(const std::vector<std::pair<std::string, Picture>>& captioned) {
    body_ += "<div class=\"row\">\n";
    for (const auto& [caption, picture] : captioned)
        body_ += "<figure><img alt=\"" + escaped(caption) + "\" src=\"data:image/png;base64," +
                 base64(pngBytes(picture)) + "\"><figcaption>" + escaped(caption) + "</figcaption></figure>\n";
    body_ += "</div>\n";
}

void HtmlReport::table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
    body_ += "<table><tr>";
    for (const std::string& cell : head) body_ += "<th>" + escaped(cell) + "</th>";
    for (const auto& row : rows) {
        body_ += "</tr>\n<tr>";
        for (const std::string& cell : row) body_ += "<td>" + escaped(cell) + "</td>";
    }
    body_ += "</tr></table>\n";
}

void HtmlReport::curve(const std::string& caption, const std::vector<std::pair<double, double>>& points) {
    if (points.size() < 2) return;
    const auto [left, right] = std::minmax_element(points.begin(), points.end());
    const auto byY = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto [low, high] = std::minmax_element(points.begin(), points.end(), byY);
    const double x0 = left->first, width = std::max(1e-9, right->first - x0), y0 = low->second,
                 height = std::max(1e-9, high->second - y0);
    std::ostringstream svg;
    svg << "<figure><svg viewBox=\"0 0 520 220\" width=\"520\"><rect x=\"60\" y=\"10\" width=\"450\" height=\"180\" "
           "class=\"frame\"/><polyline points=\"";
    for (const auto& [x, y] : points) svg << 60 + 450 * (x - x0) / width << ',' << 190 - 180 * (y - y0) / height << ' ';
    svg << "\"/><text x=\"55\" y=\"20\" text-anchor=\"end\">" << high->second
        << "</text><text x=\"55\" y=\"190\" text-anchor=\"end\">" << low->second << "</text><text x=\"60\" y=\"208\">"
        << x0 << "</text><text x=\"510\" y=\"208\" text-anchor=\"end\">" << right->first << "</text></svg><figcaption>"
        << escaped(caption) << "</figcaption></figure>\n";
    body_ += svg.str();
}

std::string HtmlReport::html() const {
    return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + escaped(title_) +
           "</title><style>body{font:15px/1.5 system-ui,sans-serif;max-width:1200px;margin:2em auto;padding:0 "
           "1em;color:#222;background:#fff}"
           ".row{display:flex;flex-wrap:wrap;gap:12px}figure{margin:0}figcaption{color:#666}img{max-width:560px;width:"
           "100%;image-rendering:pixelated}"
           "table{border-collapse:collapse;margin:1em 0}td,th{border-bottom:1px solid #ddd;padding:4px 14px 4px "
           "0;text-align:left}"
           ".frame{fill:none;stroke:#ccc}polyline{fill:none;stroke:#2a7de1;stroke-width:1.5}text{font-size:11px;fill:#"
           "666}"
           "@media(prefers-color-scheme:dark){body{background:#181a1d;color:#ddd}td,th{border-color:#333}}</style></"
           "head><body>\n<h1>" +
           escaped(title_) + "</h1>\n" + body_ + "</body></html>\n";
}

}  // namespace fovea::stage
