#pragma once
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fovea::test {

// While it lives, permissions of files hold for this thread even when it is root's. Threads started meanwhile inherit
// it; of no effect, and not needed, for other users.
class ObeyPermissions {
  public:
    ObeyPermissions() {
        ::syscall(SYS_capget, &header_, before_);
        __user_cap_data_struct now[2] = {before_[0], before_[1]};
        for (const int power : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER}) now[0].effective &= ~(1u << power);
        ::syscall(SYS_capset, &header_, now);
    }
    ~ObeyPermissions() { ::syscall(SYS_capset, &header_, before_); }
    ObeyPermissions(const ObeyPermissions&) = delete;
    ObeyPermissions& operator=(const ObeyPermissions&) = delete;

  private:
    __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct before_[2]{};
};

}  // namespace fovea::test
