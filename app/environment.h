#pragma once

namespace fovea::app {

// Sets what OpenMP reads only when a program starts: OMP_WAIT_POLICY=PASSIVE (idle threads sleep instead of spinning
// beside other work) and, for `threads` > 0, OMP_NUM_THREADS; then starts the program anew. Returns when all is set
// already, or when starting anew is not possible. A file size limit (ulimit -f) then fails the write, like a full disk,
// instead of ending the program.
void settleEnvironment(int argc, char** argv, int threads);

}  // namespace fovea::app
