# fovea_torch_test(nn tst_unet DEPS fovea_nn …): a named test that shares the precompiled torch.h of fovea_nn. That one was made
# with -fPIC, programs are built with -fPIE; the last one wins.
function(fovea_torch_test room file)
  fovea_named_test(${room} ${file} ${ARGN})
  string(REPLACE "tst_" "tst_${room}_" target ${file})
  target_compile_options(${target} PRIVATE -fPIC)
  target_precompile_headers(${target} REUSE_FROM fovea_nn)
  # torch and the test header both define CHECK; the runner needs no torch.
  set_source_files_properties(${CMAKE_SOURCE_DIR}/tests/support/named_tests.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
