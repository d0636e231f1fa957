#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "project/work_order.h"

namespace fovea::project {

// What a stage sees when it runs from a work order: nothing but what the order names.
class OrderContext : public StageContext {
  public:
    // Relative paths of the order are taken from `folder`.
    OrderContext(std::filesystem::path folder, WorkOrder order, ImageOpener opener);

    const std::vector<std::string>& cases() const override { return caseIds_; }
    ImagePtr image(const std::string& caseId) const override;
    std::vector<HeldOut> heldOut(const std::string& caseId) const override;
    std::filesystem::path input(const std::string& kind, const std::string& caseId = "") const override;
    std::optional<std::filesystem::path> find(const std::string& kind, const std::string& caseId = "") const override;
    ImagePtr open(const std::string& path) const override;
    std::filesystem::path output() const override { return folder_ / "out"; }

  private:
    const Case& caseOf(const std::string& caseId) const;

    std::filesystem::path folder_;
    WorkOrder order_;
    ImageOpener opener_;
    std::vector<std::string> caseIds_;
    mutable std::map<std::string, ImagePtr> images_;
};

}  // namespace fovea::project
