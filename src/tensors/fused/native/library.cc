/** Makes the operations known to TensorFlow when Node loads the library. */
#include <node_api.h>

#include "operations.h"

/** @returns what went wrong, or nothing */
static std::string define_all() {
  try {
    define<adam>("AttentionAdam", {{"theta: N", "gradients: N", "m: N", "v: N", "numbers"},
                                   {"next: N", "length"},
                                   {"N"}});
    define<gru>("AttentionGru",
                {{"x", "initial", "gates", "candidate", "gates_bias", "candidate_bias", "visible"},
                 {"states", "r_and_u", "h"},
                 {"reverse"}});
    define<gru_gradient>(
        "AttentionGruGradient",
        {{"d_states", "x", "initial", "gates", "candidate", "gates_bias", "candidate_bias",
          "visible", "states", "r_and_u", "h"},
         {"d_x", "d_initial", "d_gates", "d_candidate", "d_gates_bias", "d_candidate_bias"},
         {"reverse"}});
    define<attentive_gru>(
        "AttentionAttentiveGru",
        {{"x", "initial", "values", "keys", "w", "v", "gates", "candidate", "gates_bias",
          "candidate_bias", "visible"},
         {"outputs", "r_and_u", "h", "layer", "weights"},
         {}});
    define<attentive_gru_gradient>(
        "AttentionAttentiveGruGradient",
        {{"d_outputs", "x", "initial", "values", "keys", "w", "v", "gates", "candidate",
          "gates_bias", "candidate_bias", "visible", "outputs", "r_and_u", "h", "layer", "weights"},
         {"d_x", "d_initial", "d_values", "d_keys", "d_w", "d_v", "d_gates", "d_candidate",
          "d_gates_bias", "d_candidate_bias"},
         {}});
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  static const std::string problem = define_all();  // once, however often it is required
  if (!problem.empty()) napi_throw_error(env, nullptr, problem.c_str());
  return exports;
}
