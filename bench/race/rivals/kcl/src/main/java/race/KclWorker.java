package race;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/** KCL for Java with its defaults and the race's handler. */
public final class KclWorker {
    private static final Region REGION = Region.US_EAST_1;
    private static final StaticCredentialsProvider CREDENTIALS =
            StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"));
    /** Nothing listens there; with metrics off nothing calls. */
    private static final URI NO_CLOUDWATCH = URI.create("http://127.0.0.1:9");

    private KclWorker() {}

    public static void main(String[] args) throws Exception {
        JsonNode order = new ObjectMapper().readTree(args[0]);
        Reporter reporter = new Reporter(order);
        KinesisAsyncClient kinesis = KinesisAsyncClient.builder()
                .endpointOverride(URI.create(order.get("kinesisEndpoint").asText()))
                .region(REGION)
                .credentialsProvider(CREDENTIALS)
                // Over plain HTTP no server of the race speaks HTTP/2.
                .httpClient(NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1).maxConcurrency(200).build())
                .build();
        DynamoDbAsyncClient dynamodb = DynamoDbAsyncClient.builder()
                .endpointOverride(URI.create(order.get("dynamodbEndpoint").asText()))
                .region(REGION)
                .credentialsProvider(CREDENTIALS)
                .build();
        CloudWatchAsyncClient cloudwatch = CloudWatchAsyncClient.builder()
                .endpointOverride(NO_CLOUDWATCH)
                .region(REGION)
                .credentialsProvider(CREDENTIALS)
                .build();
        Scheduler scheduler = scheduler(order, reporter, kinesis, dynamodb, cloudwatch);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> shutDown(scheduler)));
        scheduler.run();
    }

    private static Scheduler scheduler(
            JsonNode order,
            Reporter reporter,
            KinesisAsyncClient kinesis,
            DynamoDbAsyncClient dynamodb,
            CloudWatchAsyncClient cloudwatch) {
        String stream = order.get("stream").asText();
        InitialPositionInStreamExtended start =
                InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
        ConfigsBuilder configs = new ConfigsBuilder(
                new SingleStreamTracker(stream, start),
                order.get("application").asText(),
                kinesis,
                dynamodb,
                cloudwatch,
                order.get("worker").asText(),
                () -> new CountingProcessor(reporter));
        PollingConfig polling = new PollingConfig(stream, kinesis);
        if (order.get("isTuned").asBoolean()) polling.idleTimeBetweenReadsInMillis(0);
        return new Scheduler(
                configs.checkpointConfig(),
                configs.coordinatorConfig(),
                configs.leaseManagementConfig(),
                configs.lifecycleConfig(),
                configs.metricsConfig().metricsLevel(MetricsLevel.NONE),
                configs.processorConfig(),
                configs.retrievalConfig().retrievalSpecificConfig(polling));
    }

    private static void shutDown(Scheduler scheduler) {
        try {
            scheduler.startGracefulShutdown().get(30, TimeUnit.SECONDS);
        } catch (Exception error) {
            error.printStackTrace();
        }
    }
}
