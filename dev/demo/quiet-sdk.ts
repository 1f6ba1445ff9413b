/** To be imported before any AWS client is made: the SDK's notice about versions of Node would tear the progress bar. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
